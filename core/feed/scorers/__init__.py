"""How good each candidate is for this viewer, and for the business."""
