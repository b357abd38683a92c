"""The domain: catalogues, routes, agenda and texts. Pure: no input or output but its own data files."""
