"""A league of controllers: fixed scenarios and held-out seeds, entries in processes of their own."""
