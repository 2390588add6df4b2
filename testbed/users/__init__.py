"""What users bring: files of code, classes with parameters, and how both reach other processes."""
