/* A provider of security labels that takes every label but one. */
#include "postgres.h"
#include "commands/seclabel.h"
#include "fmgr.h"

PG_MODULE_MAGIC;

void _PG_init(void);

static void
take(const ObjectAddress *object, const char *label)
{
	if (label != NULL && strcmp(label, "refused") == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME), errmsg("\"%s\" is no label", label)));
}

void
_PG_init(void)
{
	register_label_provider("belay_test", take);
	register_label_provider("Belay \"other\"", take);
}
