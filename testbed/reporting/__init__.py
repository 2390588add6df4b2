"""What people read of results: tables and the HTML report."""
