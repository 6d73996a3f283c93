const { ApplicationCommandType, Client } = require('discord.js');
const { open } = require('lmdb');

// Not settings: commands, by name.
const COMMANDS = {
  HELP: { type: ApplicationCommandType.ChatInput, name: 'help' },
  INFO: { type: ApplicationCommandType.ChatInput, name: 'info' },
};

const client = new Client({ intents: [], store: open({ path: '/data/bot' }) });
client.once('ready', () => client.application.commands.set(Object.values(COMMANDS)));
client.login(process.env.BOT_TOKEN);
