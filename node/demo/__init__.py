"""`make demo`: two firms and their sector's hub, made and kept running through their own front doors."""
