"""The page shell: rendering, forms, guards and the look; the pages themselves live with their subjects."""
