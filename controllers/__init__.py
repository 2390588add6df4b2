from controllers.lean_cvxpy import put_off_stats

put_off_stats()  # before any module here imports cvxpy
