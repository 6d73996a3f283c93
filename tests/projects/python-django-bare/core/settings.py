ROOT_URLCONF = "core.urls"
