import discord

from bot.constants import Client


class Bot(discord.Client): ...
