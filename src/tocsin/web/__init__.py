"""The web: pages, the JSON API, every inbound path, live views. It changes things through use cases alone."""
