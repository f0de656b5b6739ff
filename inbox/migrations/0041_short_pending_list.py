from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# In kB. PostgreSQL reads the list for each word that is looked up, and by default it has up to 4 MB.
LIMIT = "ALTER INDEX question_words SET (gin_pending_list_limit = 64)"
DEFAULT = "ALTER INDEX question_words RESET (gin_pending_list_limit)"
SHORTEN = "SELECT gin_clean_pending_list('question_words')"


def limit(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(LIMIT)
        schema_editor.execute(SHORTEN)


def reset(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DEFAULT)


class Migration(migrations.Migration):
    """Limits the words that PostgreSQL has not yet sorted into the index of words."""

    dependencies = [("inbox", "0040_indexes_of_any_filter")]

    operations = [migrations.RunPython(limit, reset)]
