import os
import sys

from scrapy.crawler import CrawlerProcess


def run():
    url = os.getenv("INDEX_URL")
    key = os.getenv("INDEX_API_KEY")
    CrawlerProcess().crawl(sys.argv[1], url, key)
