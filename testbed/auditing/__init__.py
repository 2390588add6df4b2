"""Results brought before the independent audit, with what is made of them."""
