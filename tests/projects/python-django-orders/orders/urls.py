from django.urls import path

from orders.shop import views

urlpatterns = [path("health/", views.health), path("", views.index)]
