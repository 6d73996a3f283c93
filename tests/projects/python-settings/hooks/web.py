from fastapi import FastAPI


def make(x):
    return FastAPI(title=x)


app = make('hooks')
