"""The documentation site: the pages as they stand, notebooks and what is made from the code, built by Sphinx."""
