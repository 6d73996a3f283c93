module git.acme.example/acme/greet.git

go 1.24
