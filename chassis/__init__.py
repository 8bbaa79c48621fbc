"""What every service needs, without a business word. Of schemas it imports envelope and errors alone."""
