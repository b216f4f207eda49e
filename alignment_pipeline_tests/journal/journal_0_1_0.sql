-- The journal of release 0.1.0 with a row in each table, as its own code made it (the commit before migration 0002).
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE attempt (
	op_id INTEGER NOT NULL, 
	n INTEGER NOT NULL, 
	batch_id VARCHAR(64) NOT NULL, 
	req_hash VARCHAR(64) NOT NULL, 
	sent_at VARCHAR(32) NOT NULL, 
	done_at VARCHAR(32), 
	outcome VARCHAR(40), 
	PRIMARY KEY (op_id, n)
);
INSERT INTO "attempt" VALUES(1,1,'batch_id','req_hash','2026-11-21T08:00:00.000Z','2026-11-21T08:00:00.000Z','outcome');
CREATE TABLE batch (
	batch_id VARCHAR(64) NOT NULL, 
	run_id VARCHAR(64) NOT NULL, 
	object VARCHAR(80) NOT NULL, 
	transport VARCHAR(16) NOT NULL, 
	job_id VARCHAR(18), 
	job_state VARCHAR(24), 
	rows INTEGER NOT NULL, 
	sent_at VARCHAR(32) NOT NULL, 
	fence INTEGER NOT NULL, 
	PRIMARY KEY (batch_id)
);
INSERT INTO "batch" VALUES('batch_id','run_id','object','transport','job_id','job_state',1,'2026-11-21T08:00:00.000Z',1);
CREATE TABLE budget (
	day VARCHAR(10) NOT NULL, 
	api VARCHAR(24) NOT NULL, 
	used INTEGER NOT NULL, 
	cap INTEGER, 
	PRIMARY KEY (day, api)
);
INSERT INTO "budget" VALUES('2026-11-21','api',1,1);
CREATE TABLE drift (
	drift_id INTEGER NOT NULL, 
	object VARCHAR(80) NOT NULL, 
	record_id VARCHAR(18) NOT NULL, 
	field VARCHAR(80) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	value_seen TEXT, 
	at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (drift_id)
);
INSERT INTO "drift" VALUES(1,'object','record_id','field','kind','value_seen','2026-11-21T08:00:00.000Z');
CREATE TABLE hold (
	hold_id INTEGER NOT NULL, 
	object VARCHAR(80) NOT NULL, 
	record_id VARCHAR(18) NOT NULL, 
	field VARCHAR(80) NOT NULL, 
	reason VARCHAR(24) NOT NULL, 
	value_seen TEXT, 
	config_hash VARCHAR(64), 
	since VARCHAR(32) NOT NULL, 
	until VARCHAR(32), 
	released_by TEXT, 
	released_at VARCHAR(32), 
	PRIMARY KEY (hold_id)
);
INSERT INTO "hold" VALUES(1,'object','record_id','field','reason','value_seen','config_hash','2026-11-21T08:00:00.000Z','2026-11-21T08:00:00.000Z',NULL,'2026-11-21T08:00:00.000Z');
CREATE TABLE lease (
	name VARCHAR(64) NOT NULL, 
	fence INTEGER NOT NULL, 
	holder TEXT, 
	since VARCHAR(32), 
	PRIMARY KEY (name)
);
INSERT INTO "lease" VALUES('name',1,'holder','2026-11-21T08:00:00.000Z');
CREATE TABLE op (
	op_id INTEGER NOT NULL, 
	op_key VARCHAR(64) NOT NULL, 
	plan_hash VARCHAR(64) NOT NULL, 
	run_id VARCHAR(64) NOT NULL, 
	object VARCHAR(80) NOT NULL, 
	record_id VARCHAR(18), 
	ext_field VARCHAR(80), 
	ext_key TEXT, 
	lock_parent VARCHAR(18), 
	action VARCHAR(8) NOT NULL, 
	stage INTEGER NOT NULL, 
	priority INTEGER NOT NULL, 
	is_shared INTEGER NOT NULL, 
	base TEXT, 
	"before" TEXT, 
	"after" TEXT NOT NULL, 
	carried TEXT, 
	before_modstamp VARCHAR(32), 
	config_hash VARCHAR(64) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	attempt INTEGER NOT NULL, 
	tries INTEGER NOT NULL, 
	mismatches INTEGER NOT NULL, 
	not_before VARCHAR(32), 
	sent_at VARCHAR(32), 
	zombie_until VARCHAR(32), 
	batch_id VARCHAR(64), 
	err_class VARCHAR(2), 
	err_code VARCHAR(80), 
	err_fields TEXT, 
	reason_code VARCHAR(40), 
	reason TEXT, 
	depends_on VARCHAR(18), 
	rollback_of INTEGER, 
	created_at VARCHAR(32) NOT NULL, 
	verified_at VARCHAR(32), 
	changed_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (op_id), 
	UNIQUE (op_key)
);
INSERT INTO "op" VALUES(1,'op_key','plan_hash','run_id','object','record_id','ext_field','ext_key','lock_parent','action',1,1,1,'base','{}','{}','carried','before_modstamp','config_hash','state',1,1,1,'2026-11-21T08:00:00.000Z','2026-11-21T08:00:00.000Z','zombie_until','batch_id','er','err_code','err_fields','reason_code','reason','depends_on',1,'2026-11-21T08:00:00.000Z','2026-11-21T08:00:00.000Z','2026-11-21T08:00:00.000Z');
CREATE TABLE outbox (
	message_id VARCHAR(64) NOT NULL, 
	topic VARCHAR(40) NOT NULL, 
	content TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	not_before VARCHAR(32) NOT NULL, 
	tries INTEGER NOT NULL, 
	sent_at VARCHAR(32), 
	last_error VARCHAR(200), 
	PRIMARY KEY (message_id)
);
INSERT INTO "outbox" VALUES('message_id','topic','{}','2026-11-21T08:00:00.000Z','2026-11-21T08:00:00.000Z',1,'2026-11-21T08:00:00.000Z','last_error');
CREATE TABLE "plan" (
	plan_hash VARCHAR(64) NOT NULL, 
	run_id VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	org_id VARCHAR(18) NOT NULL, 
	config_hash VARCHAR(64) NOT NULL, 
	code_version VARCHAR(64) NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	stats TEXT NOT NULL, 
	guard TEXT NOT NULL, 
	approved_by TEXT, 
	approved_at VARCHAR(32), 
	approval_mac VARCHAR(64), 
	expires_at VARCHAR(32), 
	rollback_of VARCHAR(64), 
	PRIMARY KEY (plan_hash)
);
INSERT INTO "plan" VALUES('plan_hash','run_id','kind','org_id','config_hash','code_version','2026-11-21T08:00:00.000Z','2026-11-21T08:00:00.000Z','state','{}','{}','approved_by','2026-11-21T08:00:00.000Z','approval_mac','2026-11-21T08:00:00.000Z',NULL);
CREATE TABLE quarantine (
	source VARCHAR(120) NOT NULL, 
	row_hash VARCHAR(64) NOT NULL, 
	reason VARCHAR(200) NOT NULL, 
	record_id VARCHAR(80), 
	n INTEGER NOT NULL, 
	first VARCHAR(32) NOT NULL, 
	last VARCHAR(32) NOT NULL, 
	PRIMARY KEY (source, row_hash, reason)
);
INSERT INTO "quarantine" VALUES('source','row_hash','reason','record_id',1,'2026-11-21T08:00:00.000Z','2026-11-21T08:00:00.000Z');
CREATE TABLE run (
	run_id VARCHAR(64) NOT NULL, 
	fence INTEGER, 
	mode VARCHAR(16) NOT NULL, 
	org_id VARCHAR(18) NOT NULL, 
	user_id TEXT, 
	config_hash VARCHAR(64), 
	code_version VARCHAR(64), 
	plan_hash VARCHAR(64), 
	started VARCHAR(32) NOT NULL, 
	ended VARCHAR(32), 
	status VARCHAR(32) NOT NULL, 
	api_calls INTEGER NOT NULL, 
	PRIMARY KEY (run_id)
);
INSERT INTO "run" VALUES('run_id',1,'mode','org_id','user_id','config_hash','code_version','plan_hash','2026-11-21T08:00:00.000Z','2026-11-21T08:00:00.000Z','status',1);
CREATE TABLE setting (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "setting" VALUES('name','value','2026-11-21T08:00:00.000Z');
INSERT INTO "setting" VALUES('org','00D','2026-11-21T08:00:00.000Z');
CREATE TABLE standing_approval (
	approval_id VARCHAR(64) NOT NULL, 
	content TEXT NOT NULL, 
	mac VARCHAR(64) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	revoked_at VARCHAR(32), 
	PRIMARY KEY (approval_id)
);
INSERT INTO "standing_approval" VALUES('approval_id','{}','mac','2026-11-21T08:00:00.000Z','2026-11-21T08:00:00.000Z');
CREATE TABLE stream_state (
	system VARCHAR(40) NOT NULL, 
	object VARCHAR(80) NOT NULL, 
	state TEXT NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (system, object)
);
INSERT INTO "stream_state" VALUES('system','object','{}','2026-11-21T08:00:00.000Z');
CREATE TABLE synced (
	object VARCHAR(80) NOT NULL, 
	record_id VARCHAR(18) NOT NULL, 
	field VARCHAR(80) NOT NULL, 
	value TEXT, 
	op_id INTEGER, 
	at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (object, record_id, field)
);
INSERT INTO "synced" VALUES('object','record_id','field','value',1,'2026-11-21T08:00:00.000Z');
CREATE TABLE tombstone (
	subject_hmac VARCHAR(64) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (subject_hmac)
);
INSERT INTO "tombstone" VALUES('subject_hmac','2026-11-21T08:00:00.000Z');
CREATE INDEX ix_drift_at ON drift (at);
CREATE INDEX hold_record ON hold (object, record_id, field);
CREATE INDEX ix_op_plan_hash ON op (plan_hash);
CREATE INDEX ix_op_rollback_of ON op (rollback_of);
CREATE INDEX ix_op_run_id ON op (run_id);
CREATE UNIQUE INDEX one_open ON op (object, record_id) WHERE state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY');
CREATE UNIQUE INDEX one_open_create ON op (object, ext_key) WHERE state IN ('PLANNED', 'INFLIGHT', 'UNKNOWN', 'ACKED', 'RETRY');
CREATE INDEX op_record ON op (object, record_id);
CREATE INDEX op_state ON op (state);
CREATE INDEX ix_plan_run_id ON "plan" (run_id);
