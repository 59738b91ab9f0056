"""Online evaluation: live traffic is scored in the background; begin with `scoring`."""
