"""One file per experiment: its page, its one command, its tables, figures and cheap row."""
