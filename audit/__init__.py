"""An independent judge of result files: imports h5py, numpy and yaml, and nothing of models, controllers or testbed.

Every rule is written from docs/model.md; of the project only plain tables of data are read (`audit.tables`).
"""
