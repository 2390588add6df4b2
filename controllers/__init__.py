"""Who decides: the upper layer says when, the lower layer where; one file in `variants` is one controller."""
