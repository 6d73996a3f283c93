export const words = 'Greetings from a private package';
