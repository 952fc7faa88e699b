from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Category(models.Model):
    slug = models.SlugField()


class Article(models.Model):
    slug = models.SlugField()
    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, models.CASCADE)
    categories = models.ManyToManyField(Category)


class Column(Article):
    class Meta:
        proxy = True


class Review(Article):
    stars = models.IntegerField()
