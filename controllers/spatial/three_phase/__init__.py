"""The lower layer on three phases: convex problems around AC operating points, solved again until AC keeps all limits."""
