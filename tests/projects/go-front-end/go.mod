module example.com/acme/gist

go 1.26.5

require github.com/labstack/echo/v4 v4.13.0
