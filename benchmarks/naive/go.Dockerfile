# What a tutorial's first page says, for comparison: one stage, everything copied, nothing left out.
FROM golang:1.27
WORKDIR /app
COPY . .
RUN go build -o /usr/local/bin/my-app .
EXPOSE 8080
CMD ["my-app"]
