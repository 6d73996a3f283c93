# What a tutorial's first page says, for comparison: one stage, everything copied, nothing left out.
FROM python:3.14-slim-trixie
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir -r requirements.txt
EXPOSE 8080
CMD ["python", "-m", "app"]
