"""What two parts of Footfall must agree on; imports nothing of ours."""
