module.exports = process.env.SQLITE_LOCATION || "/etc/todos/todo.db";
