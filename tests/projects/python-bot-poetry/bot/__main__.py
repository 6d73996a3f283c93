import asyncio

from bot.bot import Bot
from bot.constants import Client

asyncio.run(Bot().start(Client.token))
