"""The rules, one file a subject; each is found by its file being here."""
