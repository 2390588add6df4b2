"""The result file: its layout, writing it while a run goes on, reading it."""
