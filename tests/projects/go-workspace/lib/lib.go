package lib

// Address is where.
const Address = ":7000"
