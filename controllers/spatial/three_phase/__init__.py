"""The lower layer on three phases: convex problems around AC operating points until AC keeps all limits."""
