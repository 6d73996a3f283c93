from pydantic_settings import BaseSettings, SettingsConfigDict


class Base(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")


class Settings(Base, env_prefix="hooks_"):
    port: int = 7000
    host: str = "0.0.0.0"
    title: str = "hooks"
    api_token: str = "s3cret"
    database_url: str


settings = Settings()
