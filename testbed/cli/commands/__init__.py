"""One file is one command: its function `command`, imported when it is called for."""
