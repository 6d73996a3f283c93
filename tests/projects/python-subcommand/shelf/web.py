def application(environ, start_response):
    path = environ["PATH_INFO"] + environ["wsgi.url_scheme"] + environ.get("SHELF_HEADER", "")
    start_response("200 OK", [])
    return [path.encode()]
