"""Where models will be found, compared and downloaded."""
