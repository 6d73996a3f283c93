hi = hi
