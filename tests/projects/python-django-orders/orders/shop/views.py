from django.http import HttpResponse
from django.templatetags.static import static

from orders.shop.models import Order


def health(request):
    # Without the static files' manifest, and without the migrations, this fails.
    return HttpResponse(f"{Order.objects.count()} orders, {static('shop/orders.css')}")


def index(request):
    return HttpResponse("orders")
