import os

from aiohttp import web

PORT = int(os.environ.get("LISTEN_PORT") or 9000)
HOST = os.environ.get("LISTEN_HOST", "127.0.0.1")
routes = web.RouteTableDef()


@routes.get("/livez")
async def livez(request):
    return web.Response(text="ok")


def main():
    app = web.Application()
    app.add_routes(routes)
    web.run_app(app, host=HOST, port=PORT)


if __name__ == "__main__":
    main()
