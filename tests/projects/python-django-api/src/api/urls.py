from django.urls import include, path

from . import views

inner = [path("status/", views.status)]
urlpatterns = [path("api/v3/", include(inner))]
