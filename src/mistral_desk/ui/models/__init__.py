"""Where models are found, compared and downloaded."""
