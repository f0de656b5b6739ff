from django import template

from inbox.web.connection.page import warnings

register = template.Library()

register.simple_tag(warnings, name="admin_warnings")
