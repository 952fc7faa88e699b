from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=100)


class Article(models.Model):
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    author = models.ForeignKey(Author, models.CASCADE)
    section = models.CharField(max_length=20, default="news", db_index=True)


class Setting(models.Model):
    value = models.CharField(max_length=200)
