from celery import Celery

app = Celery('site_')
