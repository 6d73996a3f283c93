from wsgiref.simple_server import make_server

from shelf import options
from shelf.web import application


def main():
    given = options.parse()
    with make_server(given.host, given.port, application) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
