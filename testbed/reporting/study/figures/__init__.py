"""The figures of a study's report, one file each or a few of one kind, as STUDY_FIGURES."""
