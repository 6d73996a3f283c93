import wrap from 'word-wrap';

export const card = (text) => wrap(text, { width: 40 });
