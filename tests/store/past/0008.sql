BEGIN TRANSACTION;
CREATE TABLE absences (
	id TEXT NOT NULL, 
	person TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	until BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	deleted_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "absences" VALUES('01a1e397-8340-776b-bee1-6af1cccf07a9','ana',1797411720000000,1797498120000000,'dentist','ana',1794819720000000,NULL);
CREATE TABLE accounts (
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	password TEXT, 
	created_at BIGINT NOT NULL, 
	disabled_at BIGINT, 
	PRIMARY KEY (name)
);
INSERT INTO "accounts" VALUES('carl','viewer','$argon2id$v=19$m=65536,t=3,p=4$QyiURHKpOOi4pFT3OkaB8A$7Ow/VXKA1wHDqnxBXdGrLzKDRPXm/d5h58gP6+wxqaQ',1794819720000000,NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0008');
CREATE TABLE alerts (
	id TEXT NOT NULL, 
	dedup TEXT NOT NULL, 
	episode INTEGER NOT NULL, 
	latest BOOLEAN DEFAULT 0 NOT NULL, 
	source TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	title TEXT NOT NULL, 
	text TEXT NOT NULL, 
	service TEXT, 
	"check" TEXT, 
	severity TEXT NOT NULL, 
	labels TEXT NOT NULL, 
	links TEXT NOT NULL, 
	state TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	started_at BIGINT NOT NULL, 
	first_at BIGINT NOT NULL, 
	last_at BIGINT NOT NULL, 
	resolved_at BIGINT, 
	incident INTEGER, 
	disposition TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	raw BLOB, 
	PRIMARY KEY (id)
);
INSERT INTO "alerts" VALUES('01a1e397-8340-7001-8fbe-623ac09f0191','fbe623ac09f0191319095df78d561096',1,1,'generic','84459c8e8fae6ba2b7c81ee0ea61a90e9fc73f851bdce491281aa715bcccd6ce','a body that could not be read','not JSON',NULL,NULL,'info','{}','[]','resolved',1,1794819720000000,1794819720000000,1794819720000000,NULL,NULL,'quarantined','not JSON',X'FF00206E6F204A534F4E');
INSERT INTO "alerts" VALUES('01a1e397-8340-7001-87ce-623adfc16436','7ce623adfc16436ec0bc71612323e05c',1,1,'generic','over','over is down','5xx 12 %','api','over','critical','{"host":"wörker \"7\"","zone":"eu"}','[["Graph","http://grafana.example/x"]]','resolved',1,1794819720000000,1794819720000000,1794820080000000,1794820080000000,1,'incident','rule 1 (severity: critical) -> P0',NULL);
INSERT INTO "alerts" VALUES('01a1e3c9-dde0-7001-8e3e-1d7bb80431ba','e3e1d7bb80431ba60f18aa3841ce38d5',1,1,'generic','led','led is down','5xx 12 %','db','led','critical','{"host":"wörker \"7\"","zone":"eu"}','[["Graph","http://grafana.example/x"]]','firing',1,1794823020000000,1794823020000000,1794823020000000,NULL,2,'incident','rule 1 (severity: critical) -> P0',NULL);
INSERT INTO "alerts" VALUES('01a1e3cb-b2a0-7001-8dea-888758f6901f','dea888758f6901f249514a9c90d938f7',1,1,'generic','quiet','quiet is down','5xx 12 %','db','quiet','warning','{"host":"wörker \"7\"","zone":"eu"}','[["Graph","http://grafana.example/x"]]','firing',1,1794823140000000,1794823140000000,1794823140000000,NULL,3,'incident','rule 2 (severity: warning) -> P2',NULL);
INSERT INTO "alerts" VALUES('01a1e3e7-29e0-7001-8d49-a2b78e8494b2','d49a2b78e8494b2c5a86438e742e63f4',1,1,'generic','waits-too','waits-too is down','5xx 12 %','api','waits-too','critical','{"host":"wörker \"7\"","zone":"eu"}','[["Graph","http://grafana.example/x"]]','firing',1,1794824940000000,1794824940000000,1794824940000000,NULL,4,'incident','rule 1 (severity: critical) -> P0',NULL);
INSERT INTO "alerts" VALUES('01a1e3e7-29e0-7001-8c0c-f206b204bb78','c0cf206b204bb78cac0bfd8fc1562c88',1,1,'generic','waits','waits is down','5xx 12 %','api','waits','critical','{"host":"wörker \"7\"","zone":"eu"}','[["Graph","http://grafana.example/x"]]','firing',2,1794824940000000,1794824940000000,1794824940000000,NULL,5,'incident','rule 1 (severity: critical) -> P0',NULL);
CREATE TABLE announced (
	"key" TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "announced" VALUES('gap:primary:2026-12-01',1794819720000000);
CREATE TABLE answered (
	"key" TEXT NOT NULL, 
	request TEXT NOT NULL, 
	incident INTEGER, 
	at BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE attempts (
	id TEXT NOT NULL, 
	outbox TEXT NOT NULL, 
	page TEXT, 
	at BIGINT NOT NULL, 
	via TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	receipt TEXT, 
	why TEXT, 
	milliseconds INTEGER, 
	PRIMARY KEY (id)
);
INSERT INTO "attempts" VALUES('01a1e397-8340-785d-a7f3-dd4be25d1e9c','01a1e397-8340-73dd-9628-01fb2468d347','01a1e397-8340-7168-af35-ada2b1d95ae3',1794819720000000,'hook','delivered','r-68d347',NULL,12);
INSERT INTO "attempts" VALUES('01a1e397-8340-71e6-9912-208df03d2d23','01a1e397-8340-7f90-88eb-e9f8763e8e14','01a1e397-8340-7931-92b8-b3c1fd74c30c',1794819720000000,'hook','delivered','r-3e8e14',NULL,12);
INSERT INTO "attempts" VALUES('01a1e397-8340-7eaf-ac22-78fb9efb9d8a','01a1e397-8340-7baa-ae9c-b50676a2760a',NULL,1794819720000000,'alerts','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e397-8340-705f-baad-64cbbdc47a33','01a1e397-8340-7cf0-9545-1960bfa13f25',NULL,1794819720000000,'hook','delivered','r-a13f25',NULL,12);
INSERT INTO "attempts" VALUES('01a1e397-d160-7629-98fc-65f341c0df98','01a1e397-8340-7baa-ae9c-b50676a2760a',NULL,1794819740000000,'alerts','delivered','r-a2760a',NULL,12);
INSERT INTO "attempts" VALUES('01a1e39c-1720-70fa-a153-6ef3293d821d','01a1e39c-1720-72a0-bd48-e9dc13c042b6','01a1e39c-1720-7512-a44b-ca925fefdc76',1794820020000000,'hook','delivered','r-c042b6',NULL,12);
INSERT INTO "attempts" VALUES('01a1e39d-0180-73bb-b52c-5b4dcc30e133','01a1e39d-0180-7b75-a764-0d3134fc8867',NULL,1794820080000000,'hook','delivered','r-fc8867',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3a5-3ee0-7a76-8768-bb97e07348a8','01a1e3a5-3ee0-72ef-8cec-c11b000c1b71',NULL,1794820620000000,'','delivered','r-0c1b71',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3c9-dde0-7b3c-95b4-c3e1860f4caa','01a1e3c9-dde0-749f-a5e1-04fb2e8b9b30','01a1e3c9-dde0-7c80-9f73-1abbb9247224',1794823020000000,'hook','delivered','r-8b9b30',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3c9-dde0-72a9-ae12-3b32ca3cc439','01a1e3c9-dde0-77ae-9d57-1979049b0930','01a1e3c9-dde0-7628-af90-b1a5393eff65',1794823020000000,'hook','delivered','r-9b0930',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3c9-dde0-7231-8ef3-5bab600c0495','01a1e3c9-dde0-74d9-af67-a0c47cf66635',NULL,1794823020000000,'alerts','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3ca-2c00-7188-a6cb-293dedb35961','01a1e3c9-dde0-74d9-af67-a0c47cf66635',NULL,1794823040000000,'alerts','delivered','r-f66635',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3cb-b2a0-731f-a13b-8dcb57a90421','01a1e3cb-b2a0-7e25-b864-e9317fb63406','01a1e3cb-b2a0-7b29-b7ff-cf8b9b5d2120',1794823140000000,'hook','delivered','r-b63406',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3cb-b2a0-7b09-b4a5-36d994541649','01a1e3cb-b2a0-719f-942c-e3c59e982354',NULL,1794823140000000,'alerts','delivered','r-982354',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3cb-b2a0-788f-a970-a20db87f6c39','01a1e3cb-b2a0-7bd5-837a-2fa21badb2da',NULL,1794823140000000,'hook','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3cc-00c0-76a3-bc8a-a36f3447e440','01a1e3cb-b2a0-7bd5-837a-2fa21badb2da',NULL,1794823160000000,'hook','delivered','r-adb2da',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d0-4680-720c-baab-6b6ed8453335','01a1e3d0-4680-7d14-98b9-19cc05157171','01a1e3d0-4680-7ebb-b592-1ff98fca7de7',1794823440000000,'hook','delivered','r-157171',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d4-da60-7495-8888-fa8ac9fd56e6','01a1e3d4-da60-731e-b509-8006e42f4a5c','01a1e3d4-da60-798c-b712-77f75ae40837',1794823740000000,'hook','delivered','r-2f4a5c',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d4-da60-7955-b522-7907ac55993f','01a1e3d4-da60-781b-91d1-a7a47eaeb48e','01a1e3d4-da60-779c-96cf-6b6f283420f0',1794823740000000,'hook','delivered','r-aeb48e',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d9-6e40-7054-92f9-29d4b3565c8a','01a1e3d9-6e40-7169-bf92-8ac35f1c9717','01a1e3d9-6e40-749f-bc06-bf10d95f4458',1794824040000000,'hook','delivered','r-1c9717',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d9-6e40-74c9-8336-51cc4caf8748','01a1e3d9-6e40-7011-9476-ce9affb23eb6',NULL,1794824040000000,'hook','delivered','r-b23eb6',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d9-6e40-731c-9834-76675a30a45a','01a1e3d9-6e40-701b-9ab9-04b9519338d1',NULL,1794824040000000,'hook','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3d9-bc60-7cae-91df-b5cab6d4510c','01a1e3d9-6e40-701b-9ab9-04b9519338d1',NULL,1794824060000000,'hook','delivered','r-9338d1',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3de-0220-71a9-9bba-9883a5444b28','01a1e3de-0220-7771-bb30-c29bb05cc11d','01a1e3de-0220-76c0-b45e-86b23e451755',1794824340000000,'hook','delivered','r-5cc11d',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e2-9600-7da7-b6f4-90e5c52866b4','01a1e3e2-9600-7912-97d6-648108d6bb01','01a1e3e2-9600-78d4-adf7-a82692e53656',1794824640000000,'hook','delivered','r-d6bb01',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e2-9600-7988-8865-beeedfeaa7c6','01a1e3e2-9600-7f8a-b3ed-50aa63ba9560','01a1e3e2-9600-707d-9e66-df22a0857cc2',1794824640000000,'hook','delivered','r-ba9560',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-7486-bda1-2e20b4548f62','01a1e3e7-29e0-7222-a7d5-b0e2d9c877fa','01a1e3e7-29e0-7ae8-a446-b317858757e6',1794824940000000,'hook','delivered','r-c877fa',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-7cbc-9b04-037d37ebcf81','01a1e3e7-29e0-771a-97ff-f38465034e46','01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c',1794824940000000,'hook','delivered','r-c877fa',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-71db-895b-a430a3bb0690','01a1e3e7-29e0-7cab-abc3-0d35d53fe486','01a1e3e7-29e0-767c-876c-ffc791f9e4b7',1794824940000000,'hook','delivered','r-c877fa',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-7daf-a998-6472f7f01be0','01a1e3e7-29e0-7441-a089-bad6b60ba699','01a1e3e7-29e0-78fb-8ba2-05ca4943d35e',1794824940000000,'hook','delivered','r-0ba699',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-7af8-8609-9f8d587c90d8','01a1e3e7-29e0-7539-b5da-70f468a825b2','01a1e3e7-29e0-7846-8f10-5acebb047092',1794824940000000,'hook','delivered','r-0ba699',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-7d89-86a6-25f1d93de67b','01a1e3e7-29e0-76fe-9ecd-96c3af0923f9','01a1e3e7-29e0-7f79-8376-519bb945bde2',1794824940000000,'hook','delivered','r-0ba699',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-7562-9c51-3dcffc8b705c','01a1e3e7-29e0-71a3-82bc-484f0f089011',NULL,1794824940000000,'alerts','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-704a-bf17-3c6b87bd3f87','01a1e3e7-29e0-75aa-9711-3364bfd21a92',NULL,1794824940000000,'alerts','delivered','r-d21a92',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-7d5d-b228-6c4394e22a4b','01a1e3e7-29e0-7653-b83b-3c36bc0cbe17',NULL,1794824940000000,'alerts','delivered','r-0cbe17',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-7800-7f50-951d-f53e03c4353c','01a1e3e7-29e0-71a3-82bc-484f0f089011',NULL,1794824960000000,'alerts','delivered','r-089011',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3eb-bdc0-7d49-a12c-38047dc0638c','01a1e3eb-bdc0-7819-8c72-10f1fb5262f7','01a1e3eb-bdc0-75b2-8438-30b7e324396f',1794825240000000,'hook','delivered','r-5262f7',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3eb-bdc0-730f-a22b-2e6ce41cd995','01a1e3eb-bdc0-7c63-bdcb-1cd9ca5b0735','01a1e3eb-bdc0-7b8a-a846-680b271e163c',1794825240000000,'hook','delivered','r-5262f7',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3eb-bdc0-7de4-b330-84cc6ef3c3ce','01a1e3eb-bdc0-7c64-872a-0246395319e8','01a1e3eb-bdc0-7085-80ff-edc239ada6c1',1794825240000000,'hook','delivered','r-5262f7',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3eb-bdc0-7fdc-9258-4becb8eb250e','01a1e3eb-bdc0-7308-a4d0-236fb52e558e','01a1e3eb-bdc0-71ea-8293-18e131518f6e',1794825240000000,'hook','delivered','r-2e558e',NULL,12);
CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	what TEXT NOT NULL, 
	data TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "audit" VALUES(1,1794819720000000,'ana','override_added','{"from":"2026-11-17T09:02:00Z","id":"01a1e397-8340-7679-ba60-45c6c3853cc0","person":"bo","schedule":"primary","until":"2026-11-18T09:02:00Z"}','94a5d40448d55ffa5130e08d1b22fa3358f0a3bfa3c42819852cc2c8f45527fe');
INSERT INTO "audit" VALUES(2,1794819720000000,'ana','absence_added','{"from":"2026-12-16T09:02:00Z","id":"01a1e397-8340-776b-bee1-6af1cccf07a9","person":"ana","until":"2026-12-17T09:02:00Z"}','c393bf16dde359e31d7bd2707678b1ab3b2c8c4a292586bf0c3c228f5a90a9f2');
INSERT INTO "audit" VALUES(3,1794819720000000,'command line','token_created','{"name":"robot","role":"admin"}','9f4dfdd03fc0a95f0cc78fe877c524dad0be485f1f7874bac1b5033bb15017e2');
INSERT INTO "audit" VALUES(4,1794819720000000,'command line','user_added','{"name":"carl","role":"viewer"}','11b75fd3830cd88404cdbe52481e5a81b5371d619acf6f1fac8ffe8448d32c34');
CREATE TABLE bookings (
	schedule TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	start BIGINT NOT NULL, 
	until BIGINT NOT NULL, 
	names TEXT NOT NULL, 
	PRIMARY KEY (schedule, number)
);
INSERT INTO "bookings" VALUES('elsewhere',0,1794819720000000,1794906120000000,'["ana"]');
CREATE TABLE buckets (
	name TEXT NOT NULL, 
	level FLOAT NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "buckets" VALUES('check:hook:bo',2.0,1794819720000000);
INSERT INTO "buckets" VALUES('by hand:ana',0.5,1794819720000000);
CREATE TABLE calendars (
	schedule TEXT NOT NULL, 
	place TEXT NOT NULL, 
	body BLOB, 
	etag TEXT, 
	read_at BIGINT, 
	failing_since BIGINT, 
	why TEXT, 
	next_at BIGINT NOT NULL, 
	PRIMARY KEY (schedule)
);
INSERT INTO "calendars" VALUES('elsewhere','https://calendar.example/x.ics',X'424547494E3A5643414C454E4441520D0A454E443A5643414C454E4441520D0A','"e1"',1794819720000000,NULL,NULL,1794906120000000);
CREATE TABLE changes (
	id TEXT NOT NULL, 
	source TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	service TEXT, 
	title TEXT NOT NULL, 
	text TEXT NOT NULL, 
	labels TEXT NOT NULL, 
	links TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE checks (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	test TEXT NOT NULL, 
	person TEXT NOT NULL, 
	via TEXT NOT NULL, 
	address_of TEXT NOT NULL, 
	code TEXT NOT NULL, 
	asked_by TEXT NOT NULL, 
	sent_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	tries INTEGER DEFAULT 0 NOT NULL, 
	answered_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "checks" VALUES('01a1e397-8340-7e26-8101-8e054d864107','code','56abb141de235b114b5abae65735ffc3','bo','hook','50d6a58c494b36952dbbf2881ce244b8','0594d0e93df205fe8a213d77f79b842f4041c17c793bfc93c0ca04af45f147c7','ana',1794819720000000,1794820620000000,0,NULL);
CREATE TABLE component_states (
	component TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	PRIMARY KEY (component, at)
);
INSERT INTO "component_states" VALUES('Checkout',1794819720000000,'major_outage');
INSERT INTO "component_states" VALUES('Checkout',1794820620000000,'operational');
INSERT INTO "component_states" VALUES('Checkout',1794824940000000,'major_outage');
CREATE TABLE contacts (
	person TEXT NOT NULL, 
	via TEXT NOT NULL, 
	proved_of TEXT, 
	proved_at BIGINT, 
	proved_how TEXT, 
	broken_of TEXT, 
	broken_at BIGINT, 
	broken_why TEXT, 
	PRIMARY KEY (person, via)
);
INSERT INTO "contacts" VALUES('ana','hook','m1',1794819720000000,'a press',NULL,NULL,NULL);
INSERT INTO "contacts" VALUES('bo','alerts',NULL,NULL,NULL,'m2',1794819720000000,'410 Gone');
CREATE TABLE credentials (
	hash TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	role TEXT, 
	source TEXT, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	used_at BIGINT, 
	deleted_at BIGINT, 
	PRIMARY KEY (hash)
);
INSERT INTO "credentials" VALUES('ae86b85ed6fcca91c84ab42f343c06d0bf7f5fc5c95cf432cc2cd430af660f9a','ingest','first',NULL,'*',1794819720000000,NULL,NULL,NULL);
INSERT INTO "credentials" VALUES('b82c0acbc219e93aacd6c124a4e9aa6bd612ac81b3305cc94691a7e26278cad4','token','robot','admin',NULL,1794819720000000,NULL,NULL,NULL);
INSERT INTO "credentials" VALUES('a5eb11db0a1b94001e190443ca20b9515d56fc327a81a3d4f0b488c6ed3a0f3e','sign_in','link','admin',NULL,1794819720000000,1802595720000000,NULL,NULL);
CREATE TABLE destinations (
	name TEXT NOT NULL, 
	free_at BIGINT NOT NULL, 
	recent TEXT NOT NULL, 
	settings TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE devices (
	id TEXT NOT NULL, 
	person TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	mark TEXT NOT NULL, 
	sealed TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (mark)
);
INSERT INTO "devices" VALUES('01a1e397-8340-7115-998f-b48e6738581d','ana','webpush','Phone','d1','sealed-address',1794819720000000);
CREATE TABLE faults (
	"key" TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	first_at BIGINT NOT NULL, 
	why TEXT NOT NULL, 
	set_aside_at BIGINT, 
	steps INTEGER DEFAULT 0 NOT NULL, 
	answered_by TEXT, 
	PRIMARY KEY ("key")
);
CREATE TABLE folds (
	lead TEXT NOT NULL, 
	page TEXT NOT NULL, 
	PRIMARY KEY (lead, page)
);
INSERT INTO "folds" VALUES('01a1e3e7-29e0-7ae8-a446-b317858757e6','01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c');
INSERT INTO "folds" VALUES('01a1e3e7-29e0-7ae8-a446-b317858757e6','01a1e3e7-29e0-767c-876c-ffc791f9e4b7');
INSERT INTO "folds" VALUES('01a1e3e7-29e0-78fb-8ba2-05ca4943d35e','01a1e3e7-29e0-7846-8f10-5acebb047092');
INSERT INTO "folds" VALUES('01a1e3e7-29e0-78fb-8ba2-05ca4943d35e','01a1e3e7-29e0-7f79-8376-519bb945bde2');
INSERT INTO "folds" VALUES('01a1e3eb-bdc0-75b2-8438-30b7e324396f','01a1e3eb-bdc0-7b8a-a846-680b271e163c');
INSERT INTO "folds" VALUES('01a1e3eb-bdc0-75b2-8438-30b7e324396f','01a1e3eb-bdc0-7085-80ff-edc239ada6c1');
CREATE TABLE handoffs (
	id TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	person TEXT, 
	schedules TEXT NOT NULL, 
	state TEXT NOT NULL, 
	due BIGINT, 
	confirm_by BIGINT, 
	reminders INTEGER DEFAULT 0 NOT NULL, 
	missed INTEGER DEFAULT 0 NOT NULL, 
	told TEXT NOT NULL, 
	confirmed_at BIGINT, 
	confirmed_by TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "handoffs" VALUES('01a1e397-8340-7a9a-8e5a-88341d75de69',1794733320000000,'bo','[{"schedule":"primary","outgoing":["ana"],"until":null}]','confirmed',NULL,NULL,0,0,'[]',1794819720000000,'bo');
CREATE TABLE heard (
	"key" TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "heard" VALUES('telegram:17',1794819720000000);
CREATE TABLE incidents (
	number INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	status TEXT NOT NULL, 
	service TEXT, 
	"check" TEXT, 
	drill BOOLEAN DEFAULT 0 NOT NULL, 
	declared_at BIGINT NOT NULL, 
	acknowledged_at BIGINT, 
	resolved_at BIGINT, 
	commander TEXT, 
	runbook_version TEXT NOT NULL, 
	group_key TEXT, 
	last_alert_at BIGINT, 
	alerts INTEGER DEFAULT 0 NOT NULL, 
	room_name TEXT, 
	room_date TEXT, 
	wake_at BIGINT, 
	seq INTEGER DEFAULT 0 NOT NULL, 
	head TEXT NOT NULL, 
	state TEXT NOT NULL, step_due BIGINT, 
	PRIMARY KEY (number)
);
INSERT INTO "incidents" VALUES(1,'over is down','P0','resolved','api','over',0,1794819720000000,1794820080000000,1794820620000000,'ana','34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','apiover',1794819720000000,1,NULL,NULL,NULL,15,'29d3b3081daa23790624b967d672d55672a6f254d30998a245b0435014b74e9d','{"number":1,"title":"over is down","severity":"P0","declared_at":"2026-11-16T09:02:00Z","declared_by":"source:generic","runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","status":"resolved","service":"api","check":"over","public":true,"rule":"rule 1 (severity: critical) -> P0","alert":{"source":"generic","key":"over","title":"over is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"urgency":"high","protocol":"critical","roles":{"commander":"ana"},"acknowledged_at":"2026-11-16T09:08:00Z","acknowledged_by":"ana","answered":true,"answered_by":"ana","have_it":["ana"],"heard_at":"2026-11-16T09:17:00Z","resolved_at":"2026-11-16T09:17:00Z","summary":"A deployment","next_steps":"Roll back","eta":"10 minutes","root_cause":"A deployment without its environment","resolution":"Rolled back","updates":1,"pages":3,"walk":{"policy":"default","steps":[{"targets":["schedule:primary"],"after":"PT0S"},{"targets":["bo"],"after":"PT5M"},{"targets":["everyone"],"after":"PT10M"}],"repeat":2,"gap":"PT5M","started_at":"2026-11-16T09:02:00Z","taken":2},"duties":[{"id":"acknowledge","title":"Acknowledge","owner":"on_call","done_by":["acknowledged"],"at":"2026-11-16T09:02:00Z","deadline":"2026-11-16T09:17:00Z","span":"PT15M","done_at":"2026-11-16T09:08:00Z","evidence":{"kind":"acknowledged","actor":"ana","at":"2026-11-16T09:08:00Z"}},{"id":"update","title":"Update","owner":"commander","done_by":["update_posted"],"at":"2026-11-16T09:17:00Z","deadline":"2026-11-16T09:47:00Z","span":"PT30M","every":"PT30M","done_at":"2026-11-16T09:17:00Z","moot":true}],"review_at":"2026-11-18T09:00:00Z"}',NULL);
INSERT INTO "incidents" VALUES(2,'led is down','P0','acknowledged','db','led',0,1794823020000000,1794823140000000,NULL,'bo','34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','dbled',1794823020000000,1,NULL,NULL,1794825420000000,8,'ccf229646c2716daed42e46c79a09b61f119386a53fbb75c79e5c3a697610b7a','{"number":2,"title":"led is down","severity":"P0","declared_at":"2026-11-16T09:57:00Z","declared_by":"source:generic","runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","status":"acknowledged","service":"db","check":"led","public":true,"rule":"rule 1 (severity: critical) -> P0","alert":{"source":"generic","key":"led","title":"led is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"urgency":"high","protocol":"critical","roles":{"commander":"bo","communications":"ana"},"acknowledged_at":"2026-11-16T09:59:00Z","acknowledged_by":"bo","answered":true,"answered_by":"bo","have_it":["bo"],"heard_at":"2026-11-16T09:59:00Z","pages":2,"walk":{"policy":"default","steps":[{"targets":["schedule:primary"],"after":"PT0S"},{"targets":["bo"],"after":"PT5M"},{"targets":["everyone"],"after":"PT10M"}],"repeat":2,"gap":"PT5M","started_at":"2026-11-16T09:57:00Z","taken":1},"duties":[{"id":"acknowledge","title":"Acknowledge","owner":"on_call","done_by":["acknowledged"],"at":"2026-11-16T09:57:00Z","deadline":"2026-11-16T10:12:00Z","span":"PT15M","done_at":"2026-11-16T09:59:00Z","evidence":{"kind":"acknowledged","actor":"bo","at":"2026-11-16T09:59:00Z"}},{"id":"update","title":"Update","owner":"commander","done_by":["update_posted"],"at":"2026-11-16T10:12:00Z","deadline":"2026-11-16T10:42:00Z","span":"PT30M","every":"PT30M"}]}',NULL);
INSERT INTO "incidents" VALUES(3,'quiet is down','P2','triggered','db','quiet',0,1794823140000000,NULL,NULL,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','dbquiet',1794823140000000,1,NULL,NULL,1794825540000000,16,'53001fe16e416db7e934894eb026621ab8c3edaae1cfd29104f1d816506e7268','{"number":3,"title":"quiet is down","severity":"P2","declared_at":"2026-11-16T09:59:00Z","declared_by":"source:generic","runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","service":"db","check":"quiet","public":true,"rule":"rule 2 (severity: warning) -> P2","alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"urgency":"low","protocol":"critical","paging":["ana","bo"],"pages":12,"walk":{"policy":"default","steps":[{"targets":["schedule:primary"],"after":"PT0S"},{"targets":["bo"],"after":"PT5M"},{"targets":["everyone"],"after":"PT10M"}],"repeat":2,"gap":"PT5M","started_at":"2026-11-16T09:59:00Z","taken":8},"duties":[{"id":"acknowledge","title":"Acknowledge","owner":"on_call","done_by":["acknowledged"],"at":"2026-11-16T09:59:00Z","deadline":"2026-11-16T10:14:00Z","span":"PT15M","missed_at":"2026-11-16T10:14:00Z","holder":3},{"id":"update","title":"Update","owner":"commander","done_by":["update_posted"],"at":"2026-11-16T10:14:00Z","deadline":"2026-11-16T10:44:00Z","span":"PT30M","every":"PT30M"}]}',1794825540000000);
INSERT INTO "incidents" VALUES(4,'waits-too is down','P0','triggered','api','waits-too',0,1794824940000000,NULL,NULL,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','apiwaits-too',1794824940000000,1,NULL,NULL,1794825540000000,5,'ddbf09604e36d5539f451cd56609b0b64961c0d4f62b617070b0d711d8f71a69','{"number":4,"title":"waits-too is down","severity":"P0","declared_at":"2026-11-16T10:29:00Z","declared_by":"source:generic","runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","service":"api","check":"waits-too","public":true,"rule":"rule 1 (severity: critical) -> P0","alert":{"source":"generic","key":"waits-too","title":"waits-too is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"urgency":"high","protocol":"critical","paging":["ana","bo"],"pages":3,"walk":{"policy":"default","steps":[{"targets":["schedule:primary"],"after":"PT0S"},{"targets":["bo"],"after":"PT5M"},{"targets":["everyone"],"after":"PT10M"}],"repeat":2,"gap":"PT5M","started_at":"2026-11-16T10:29:00Z","taken":2},"duties":[{"id":"acknowledge","title":"Acknowledge","owner":"on_call","done_by":["acknowledged"],"at":"2026-11-16T10:29:00Z","deadline":"2026-11-16T10:44:00Z","span":"PT15M"},{"id":"update","title":"Update","owner":"commander","done_by":["update_posted"],"at":"2026-11-16T10:44:00Z","deadline":"2026-11-16T11:14:00Z","span":"PT30M","every":"PT30M"}]}',1794825540000000);
INSERT INTO "incidents" VALUES(5,'waits is down','P0','triggered','api','waits',0,1794824940000000,NULL,NULL,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','apiwaits',1794824940000000,1,NULL,NULL,1794825540000000,5,'c4ade0f6ee407e9e0ecf7c7a7583d7d7f825737a7d2112c56f63092e27bf52a8','{"number":5,"title":"waits is down","severity":"P0","declared_at":"2026-11-16T10:29:00Z","declared_by":"source:generic","runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","service":"api","check":"waits","public":true,"rule":"rule 1 (severity: critical) -> P0","alert":{"source":"generic","key":"waits","title":"waits is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"urgency":"high","protocol":"critical","paging":["ana","bo"],"pages":3,"walk":{"policy":"default","steps":[{"targets":["schedule:primary"],"after":"PT0S"},{"targets":["bo"],"after":"PT5M"},{"targets":["everyone"],"after":"PT10M"}],"repeat":2,"gap":"PT5M","started_at":"2026-11-16T10:29:00Z","taken":2},"duties":[{"id":"acknowledge","title":"Acknowledge","owner":"on_call","done_by":["acknowledged"],"at":"2026-11-16T10:29:00Z","deadline":"2026-11-16T10:44:00Z","span":"PT15M"},{"id":"update","title":"Update","owner":"commander","done_by":["update_posted"],"at":"2026-11-16T10:44:00Z","deadline":"2026-11-16T11:14:00Z","span":"PT30M","every":"PT30M"}]}',1794825540000000);
CREATE TABLE looks (
	name TEXT NOT NULL, 
	due BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	data TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "looks" VALUES('plan',1794819720000000,1794819720000000,'{}');
CREATE TABLE maintenances (
	id TEXT NOT NULL, 
	title TEXT NOT NULL, 
	text TEXT NOT NULL, 
	components TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	until BIGINT NOT NULL, 
	"by" TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	deleted_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "maintenances" VALUES('01a1e397-8340-7cec-86bc-50e82a1ad510','New disks','Slow for an hour','["Checkout"]',1794906120000000,1794909720000000,'ana',1794819720000000,NULL);
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('runbook','34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "meta" VALUES('audit_head','4 11b75fd3830cd88404cdbe52481e5a81b5371d619acf6f1fac8ffe8448d32c34');
INSERT INTO "meta" VALUES('incident_number','5');
CREATE TABLE outbox (
	id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	incident INTEGER, 
	kind TEXT NOT NULL, 
	page TEXT, 
	rule INTEGER, 
	duty TEXT, 
	via TEXT NOT NULL, 
	person TEXT, 
	destination TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	urgent BOOLEAN DEFAULT 0 NOT NULL, 
	due BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	owner TEXT, 
	lease_until BIGINT, 
	epoch INTEGER DEFAULT 0 NOT NULL, 
	failures INTEGER DEFAULT 0 NOT NULL, 
	first_failed_at BIGINT, 
	created_at BIGINT NOT NULL, 
	done_at BIGINT, 
	why TEXT, 
	PRIMARY KEY (id), 
	UNIQUE ("key")
);
INSERT INTO "outbox" VALUES('01a1e397-8340-7cf0-9545-1960bfa13f25','check:01a1e397-8340-7e26-8101-8e054d864107',NULL,'check',NULL,NULL,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"title":"Tocsin checks this way to you","text":"Bo, this checks that Tocsin reaches you here. Your code is 989179: type it in where it was asked for, or open the link and press. It is good for 15 minutes. Asked for by ana; nothing is wrong.","link":"http://tocsin.example.org/check/01a1e397-8340-7e26-8101-8e054d864107/b8041edae8f5cd50235e3d968b07b17d004d3738","kind":"webhook","to":"http://127.0.0.1:1/bo"}',0,1794819720000000,'done','past',1794819750000000,1,0,NULL,1794819720000000,1794819720000000,NULL);
INSERT INTO "outbox" VALUES('01a1e397-8340-7f90-88eb-e9f8763e8e14','page:01a1e397-8340-7931-92b8-b3c1fd74c30c:0',1,'page','01a1e397-8340-7931-92b8-b3c1fd74c30c',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',1,1794819720000000,'done','past',1794819750000000,1,0,NULL,1794819720000000,1794819720000000,NULL);
INSERT INTO "outbox" VALUES('01a1e397-8340-73dd-9628-01fb2468d347','page:01a1e397-8340-7168-af35-ada2b1d95ae3:0',1,'page','01a1e397-8340-7168-af35-ada2b1d95ae3',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',1,1794819720000000,'done','past',1794819750000000,1,0,NULL,1794819720000000,1794819720000000,NULL);
INSERT INTO "outbox" VALUES('01a1e397-8340-7baa-ae9c-b50676a2760a','INC-1:initial_alert:2026-11-16T09:02:00+00:00:alerts:0',1,'message',NULL,NULL,NULL,'alerts',NULL,'webhook:http://127.0.0.1:1/alerts','{"title":"[P0] over is down","text":"[P0] over is down","plain":true,"kind":"webhook","to":"http://127.0.0.1:1/alerts"}',1,1794819720927843,'done','past',1794819770000000,2,1,1794819720000000,1794819720000000,1794819740000000,'status 500');
INSERT INTO "outbox" VALUES('01a1e39c-1720-72a0-bd48-e9dc13c042b6','page:01a1e39c-1720-7512-a44b-ca925fefdc76:0',1,'page','01a1e39c-1720-7512-a44b-ca925fefdc76',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["bo"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',1,1794820020000000,'done','past',1794820050000000,1,0,NULL,1794820020000000,1794820020000000,NULL);
INSERT INTO "outbox" VALUES('01a1e39d-0180-7b75-a764-0d3134fc8867','INC-1:all_clear_asked:2026-11-16T09:08:00+00:00:ana',1,'message',NULL,NULL,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"title":"All-clear for INC-1?","text":"Every alert of INC-1 has resolved: over is down\nIs it the all-clear? Then resolve it: http://tocsin.example.org/incidents/INC-1","plain":false,"kind":"webhook","to":"http://127.0.0.1:1/ana"}',1,1794820080000000,'done','past',1794820110000000,1,0,NULL,1794820080000000,1794820080000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3a5-3ee0-72ef-8cec-c11b000c1b71','INC-1:draft:2026-11-16 09:17:00+00:00',1,'draft',NULL,NULL,NULL,'',NULL,'','{}',1,1794820620000000,'done','past',1794820650000000,1,0,NULL,1794820620000000,1794820620000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3c9-dde0-749f-a5e1-04fb2e8b9b30','page:01a1e3c9-dde0-7c80-9f73-1abbb9247224:0',2,'page','01a1e3c9-dde0-7c80-9f73-1abbb9247224',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',1,1794823020000000,'done','past',1794823050000000,1,0,NULL,1794823020000000,1794823020000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3c9-dde0-77ae-9d57-1979049b0930','page:01a1e3c9-dde0-7628-af90-b1a5393eff65:0',2,'page','01a1e3c9-dde0-7628-af90-b1a5393eff65',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',1,1794823020000000,'done','past',1794823050000000,1,0,NULL,1794823020000000,1794823020000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3c9-dde0-74d9-af67-a0c47cf66635','INC-2:initial_alert:2026-11-16T09:57:00+00:00:alerts:0',2,'message',NULL,NULL,NULL,'alerts',NULL,'webhook:http://127.0.0.1:1/alerts','{"title":"[P0] led is down","text":"[P0] led is down","plain":true,"kind":"webhook","to":"http://127.0.0.1:1/alerts"}',1,1794823020957647,'done','past',1794823070000000,2,1,1794823020000000,1794823020000000,1794823040000000,'status 500');
INSERT INTO "outbox" VALUES('01a1e3cb-b2a0-7bd5-837a-2fa21badb2da','INC-2:assigned:communications:2026-11-16T09:59:00+00:00',2,'message',NULL,NULL,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"title":"You are communications of INC-2","text":"bo made you communications of INC-2: led is down\nhttp://tocsin.example.org/incidents/INC-2","plain":false,"kind":"webhook","to":"http://127.0.0.1:1/ana"}',1,1794823140970196,'done','past',1794823190000000,2,1,1794823140000000,1794823140000000,1794823160000000,'status 500');
INSERT INTO "outbox" VALUES('01a1e3cb-b2a0-7e25-b864-e9317fb63406','page:01a1e3cb-b2a0-7b29-b7ff-cf8b9b5d2120:0',3,'page','01a1e3cb-b2a0-7b29-b7ff-cf8b9b5d2120',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["on_call"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',0,1794823140000000,'done','past',1794823170000000,1,0,NULL,1794823140000000,1794823140000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3cb-b2a0-719f-942c-e3c59e982354','INC-3:initial_alert:2026-11-16T09:59:00+00:00:alerts:0',3,'message',NULL,NULL,NULL,'alerts',NULL,'webhook:http://127.0.0.1:1/alerts','{"title":"[P2] quiet is down","text":"[P2] quiet is down","plain":true,"kind":"webhook","to":"http://127.0.0.1:1/alerts"}',1,1794823140000000,'done','past',1794823170000000,1,0,NULL,1794823140000000,1794823140000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3d0-4680-7d14-98b9-19cc05157171','page:01a1e3d0-4680-7ebb-b592-1ff98fca7de7:0',3,'page','01a1e3d0-4680-7ebb-b592-1ff98fca7de7',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["bo"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',0,1794823440000000,'done','past',1794823470000000,1,0,NULL,1794823440000000,1794823440000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3d4-da60-781b-91d1-a7a47eaeb48e','page:01a1e3d4-da60-779c-96cf-6b6f283420f0:0',3,'page','01a1e3d4-da60-779c-96cf-6b6f283420f0',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',0,1794823740000000,'done','past',1794823770000000,1,0,NULL,1794823740000000,1794823740000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3d4-da60-731e-b509-8006e42f4a5c','page:01a1e3d4-da60-798c-b712-77f75ae40837:0',3,'page','01a1e3d4-da60-798c-b712-77f75ae40837',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',0,1794823740000000,'done','past',1794823770000000,1,0,NULL,1794823740000000,1794823740000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3d9-6e40-7169-bf92-8ac35f1c9717','page:01a1e3d9-6e40-749f-bc06-bf10d95f4458:0',3,'page','01a1e3d9-6e40-749f-bc06-bf10d95f4458',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["schedule:primary"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',0,1794824040000000,'done','past',1794824070000000,1,0,NULL,1794824040000000,1794824040000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3d9-6e40-7011-9476-ce9affb23eb6','INC-3:duty:acknowledge:0:missed:bo',3,'message',NULL,NULL,'acknowledge','hook','bo','webhook:http://127.0.0.1:1/bo','{"title":"[P2] INC-3: This duty was missed: Acknowledge","text":"This duty was missed: Acknowledge\nquiet is down\nhttp://tocsin.example.org/incidents/INC-3","plain":false,"kind":"webhook","to":"http://127.0.0.1:1/bo"}',1,1794824040000000,'done','past',1794824070000000,1,0,NULL,1794824040000000,1794824040000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3d9-6e40-701b-9ab9-04b9519338d1','INC-3:duty:acknowledge:0:handed:everyone:ana',3,'message',NULL,NULL,'acknowledge','hook','ana','webhook:http://127.0.0.1:1/ana','{"title":"[P2] INC-3: This duty is now yours (everyone): Acknowledge","text":"This duty is now yours (everyone): Acknowledge\nquiet is down\nhttp://tocsin.example.org/incidents/INC-3","plain":false,"kind":"webhook","to":"http://127.0.0.1:1/ana"}',1,1794824040877647,'done','past',1794824090000000,2,1,1794824040000000,1794824040000000,1794824060000000,'status 500');
INSERT INTO "outbox" VALUES('01a1e3de-0220-7771-bb30-c29bb05cc11d','page:01a1e3de-0220-76c0-b45e-86b23e451755:0',3,'page','01a1e3de-0220-76c0-b45e-86b23e451755',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["bo"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',0,1794824340000000,'done','past',1794824370000000,1,0,NULL,1794824340000000,1794824340000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e2-9600-7f8a-b3ed-50aa63ba9560','page:01a1e3e2-9600-707d-9e66-df22a0857cc2:0',3,'page','01a1e3e2-9600-707d-9e66-df22a0857cc2',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',0,1794824640000000,'done','past',1794824670000000,1,0,NULL,1794824640000000,1794824640000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e2-9600-7912-97d6-648108d6bb01','page:01a1e3e2-9600-78d4-adf7-a82692e53656:0',3,'page','01a1e3e2-9600-78d4-adf7-a82692e53656',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',0,1794824640000000,'done','past',1794824670000000,1,0,NULL,1794824640000000,1794824640000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-7441-a089-bad6b60ba699','page:01a1e3e7-29e0-78fb-8ba2-05ca4943d35e:0',4,'page','01a1e3e7-29e0-78fb-8ba2-05ca4943d35e',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',1,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-7222-a7d5-b0e2d9c877fa','page:01a1e3e7-29e0-7ae8-a446-b317858757e6:0',4,'page','01a1e3e7-29e0-7ae8-a446-b317858757e6',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',1,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-7653-b83b-3c36bc0cbe17','INC-4:initial_alert:2026-11-16T10:29:00+00:00:alerts:0',4,'message',NULL,NULL,NULL,'alerts',NULL,'webhook:http://127.0.0.1:1/alerts','{"title":"[P0] waits-too is down","text":"[P0] waits-too is down","plain":true,"kind":"webhook","to":"http://127.0.0.1:1/alerts"}',1,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-76fe-9ecd-96c3af0923f9','page:01a1e3e7-29e0-7f79-8376-519bb945bde2:0',5,'page','01a1e3e7-29e0-7f79-8376-519bb945bde2',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',1,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-771a-97ff-f38465034e46','page:01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c:0',5,'page','01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',1,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-75aa-9711-3364bfd21a92','INC-5:initial_alert:2026-11-16T10:29:00+00:00:alerts:0',5,'message',NULL,NULL,NULL,'alerts',NULL,'webhook:http://127.0.0.1:1/alerts','{"title":"[P0] waits is down","text":"[P0] waits is down","plain":true,"kind":"webhook","to":"http://127.0.0.1:1/alerts"}',1,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-7539-b5da-70f468a825b2','page:01a1e3e7-29e0-7846-8f10-5acebb047092:0',3,'page','01a1e3e7-29e0-7846-8f10-5acebb047092',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',0,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-7cab-abc3-0d35d53fe486','page:01a1e3e7-29e0-767c-876c-ffc791f9e4b7:0',3,'page','01a1e3e7-29e0-767c-876c-ffc791f9e4b7',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',0,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-71a3-82bc-484f0f089011','INC-3:last_resort:0',3,'message',NULL,NULL,NULL,'alerts',NULL,'webhook:http://127.0.0.1:1/alerts','{"title":"Nobody answers: INC-3","text":"Nobody has acknowledged INC-3 (P2: quiet is down) in 30 minutes. The escalation policy default has been walked to its end; its last step is paged again and again. Somebody, please take it: http://tocsin.example.org/incidents/INC-3","plain":false,"kind":"webhook","to":"http://127.0.0.1:1/alerts"}',1,1794824940930980,'done','past',1794824990000000,2,1,1794824940000000,1794824940000000,1794824960000000,'status 500');
INSERT INTO "outbox" VALUES('01a1e3eb-bdc0-7308-a4d0-236fb52e558e','page:01a1e3eb-bdc0-71ea-8293-18e131518f6e:0',3,'page','01a1e3eb-bdc0-71ea-8293-18e131518f6e',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',0,1794825240000000,'done','past',1794825270000000,1,0,NULL,1794825240000000,1794825240000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3eb-bdc0-7c64-872a-0246395319e8','page:01a1e3eb-bdc0-7085-80ff-edc239ada6c1:0',3,'page','01a1e3eb-bdc0-7085-80ff-edc239ada6c1',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',0,1794825240000000,'done','past',1794825270000000,1,0,NULL,1794825240000000,1794825240000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3eb-bdc0-7c63-bdcb-1cd9ca5b0735','page:01a1e3eb-bdc0-7b8a-a846-680b271e163c:0',4,'page','01a1e3eb-bdc0-7b8a-a846-680b271e163c',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["bo"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',1,1794825240000000,'done','past',1794825270000000,1,0,NULL,1794825240000000,1794825240000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3eb-bdc0-7819-8c72-10f1fb5262f7','page:01a1e3eb-bdc0-75b2-8438-30b7e324396f:0',5,'page','01a1e3eb-bdc0-75b2-8438-30b7e324396f',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["bo"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',1,1794825240000000,'done','past',1794825270000000,1,0,NULL,1794825240000000,1794825240000000,NULL);
CREATE TABLE overrides (
	id TEXT NOT NULL, 
	schedule TEXT NOT NULL, 
	person TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	until BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	deleted_at BIGINT, replaces TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "overrides" VALUES('01a1e397-8340-7679-ba60-45c6c3853cc0','primary','bo',1794906120000000,1794992520000000,'dentist','ana',1794819720000000,NULL,NULL);
CREATE TABLE pages (
	id TEXT NOT NULL, 
	incident INTEGER NOT NULL, 
	person TEXT NOT NULL, 
	urgency TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	state TEXT NOT NULL, 
	why TEXT, 
	via TEXT, 
	requested_at BIGINT NOT NULL, 
	closed_at BIGINT, 
	runbook_version TEXT NOT NULL, because TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "pages" VALUES('01a1e397-8340-7931-92b8-b3c1fd74c30c',1,'ana','high','P0 pages everyone','acknowledged','acknowledged by ana','hook',1794819720000000,1794820080000000,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"over","title":"over is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":null,"step":null,"round":null,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T09:02:00Z"}');
INSERT INTO "pages" VALUES('01a1e397-8340-7168-af35-ada2b1d95ae3',1,'bo','high','P0 pages everyone','moot','acknowledged by ana','hook',1794819720000000,1794820080000000,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"over","title":"over is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":null,"step":null,"round":null,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T09:02:00Z"}');
INSERT INTO "pages" VALUES('01a1e39c-1720-7512-a44b-ca925fefdc76',1,'bo','high','step 2 of default, round 1: bo','moot','acknowledged by ana','hook',1794820020000000,1794820080000000,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"over","title":"over is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":"default","step":2,"round":1,"targets":["bo"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T09:07:00Z"}');
INSERT INTO "pages" VALUES('01a1e3c9-dde0-7c80-9f73-1abbb9247224',2,'ana','high','P0 pages everyone','moot','acknowledged by bo','hook',1794823020000000,1794823140000000,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"led","title":"led is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":null,"step":null,"round":null,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T09:57:00Z"}');
INSERT INTO "pages" VALUES('01a1e3c9-dde0-7628-af90-b1a5393eff65',2,'bo','high','P0 pages everyone','acknowledged','acknowledged by bo','hook',1794823020000000,1794823140000000,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"led","title":"led is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":null,"step":null,"round":null,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T09:57:00Z"}');
INSERT INTO "pages" VALUES('01a1e3cb-b2a0-7b29-b7ff-cf8b9b5d2120',3,'bo','low','P2 pages on_call','sent',NULL,'hook',1794823140000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":null,"step":null,"round":null,"targets":["on_call"],"schedule":{"name":"primary","timezone":"Europe/Amsterdam","from":"2026-11-16T08:00:00Z","until":"2026-11-17T09:02:00Z","override":null},"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T09:59:00Z"}');
INSERT INTO "pages" VALUES('01a1e3d0-4680-7ebb-b592-1ff98fca7de7',3,'bo','low','step 2 of default, round 1: bo','sent',NULL,'hook',1794823440000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":2,"round":1,"targets":["bo"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:04:00Z"}');
INSERT INTO "pages" VALUES('01a1e3d4-da60-779c-96cf-6b6f283420f0',3,'ana','low','step 3 of default, round 1: everyone','sent',NULL,'hook',1794823740000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":3,"round":1,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:09:00Z"}');
INSERT INTO "pages" VALUES('01a1e3d4-da60-798c-b712-77f75ae40837',3,'bo','low','step 3 of default, round 1: everyone','sent',NULL,'hook',1794823740000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":3,"round":1,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:09:00Z"}');
INSERT INTO "pages" VALUES('01a1e3d9-6e40-749f-bc06-bf10d95f4458',3,'bo','low','step 1 of default, round 2: schedule:primary','sent',NULL,'hook',1794824040000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":1,"round":2,"targets":["schedule:primary"],"schedule":{"name":"primary","timezone":"Europe/Amsterdam","from":"2026-11-16T08:00:00Z","until":"2026-11-17T09:02:00Z","override":null},"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:14:00Z"}');
INSERT INTO "pages" VALUES('01a1e3de-0220-76c0-b45e-86b23e451755',3,'bo','low','step 2 of default, round 2: bo','sent',NULL,'hook',1794824340000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":2,"round":2,"targets":["bo"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:19:00Z"}');
INSERT INTO "pages" VALUES('01a1e3e2-9600-707d-9e66-df22a0857cc2',3,'ana','low','step 3 of default, round 2: everyone','sent',NULL,'hook',1794824640000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":3,"round":2,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:24:00Z"}');
INSERT INTO "pages" VALUES('01a1e3e2-9600-78d4-adf7-a82692e53656',3,'bo','low','step 3 of default, round 2: everyone','sent',NULL,'hook',1794824640000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":3,"round":2,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:24:00Z"}');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-78fb-8ba2-05ca4943d35e',4,'ana','high','P0 pages everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"waits-too","title":"waits-too is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":null,"step":null,"round":null,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:29:00Z"}');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-7ae8-a446-b317858757e6',4,'bo','high','P0 pages everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"waits-too","title":"waits-too is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":null,"step":null,"round":null,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:29:00Z"}');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-7f79-8376-519bb945bde2',5,'ana','high','P0 pages everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"waits","title":"waits is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":null,"step":null,"round":null,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:29:00Z"}');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c',5,'bo','high','P0 pages everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"waits","title":"waits is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":null,"step":null,"round":null,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:29:00Z"}');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-7846-8f10-5acebb047092',3,'ana','low','step 3 of default, round 3: everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":3,"round":3,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:29:00Z"}');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-767c-876c-ffc791f9e4b7',3,'bo','low','step 3 of default, round 3: everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":3,"round":3,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:29:00Z"}');
INSERT INTO "pages" VALUES('01a1e3eb-bdc0-71ea-8293-18e131518f6e',3,'ana','low','step 3 of default, round 3: everyone','sent',NULL,'hook',1794825240000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":3,"round":3,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:34:00Z"}');
INSERT INTO "pages" VALUES('01a1e3eb-bdc0-7085-80ff-edc239ada6c1',3,'bo','low','step 3 of default, round 3: everyone','sent',NULL,'hook',1794825240000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"quiet","title":"quiet is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P2","rule":"rule 2 (severity: warning) -> P2","urgency":"low","policy":"default","step":3,"round":3,"targets":["everyone"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:34:00Z"}');
INSERT INTO "pages" VALUES('01a1e3eb-bdc0-7b8a-a846-680b271e163c',4,'bo','high','step 2 of default, round 1: bo','sent',NULL,'hook',1794825240000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"waits-too","title":"waits-too is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":"default","step":2,"round":1,"targets":["bo"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:34:00Z"}');
INSERT INTO "pages" VALUES('01a1e3eb-bdc0-75b2-8438-30b7e324396f',5,'bo','high','step 2 of default, round 1: bo','sent',NULL,'hook',1794825240000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','{"alert":{"source":"generic","key":"waits","title":"waits is down","labels":{"host":"wörker \"7\"","zone":"eu"}},"declared_by":"source:generic","severity":"P0","rule":"rule 1 (severity: critical) -> P0","urgency":"high","policy":"default","step":2,"round":1,"targets":["bo"],"schedule":null,"notify":[{"via":"hook","after_seconds":0}],"runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","tzdata":"2026f","decided_at":"2026-11-16T10:34:00Z"}');
CREATE TABLE polls (
	name TEXT NOT NULL, 
	"offset" TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	lease_until BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "polls" VALUES('telegram:alerts','','node',1794819720000000);
CREATE TABLE postmortems (
	incident INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	text TEXT NOT NULL, 
	written_at BIGINT NOT NULL, 
	PRIMARY KEY (incident)
);
INSERT INTO "postmortems" VALUES(1,'docs/incidents/2026-11-16-over-is-down.md','# Postmortem: over is down

- **Incident:** [INC-1](http://tocsin.example.org/incidents/INC-1)
- **Date:** 2026-11-16
- **Severity:** P0 - Critical
- **Service:** api
- **Duration:** 15 minutes (2026-11-16 09:02 UTC to 2026-11-16 09:17 UTC)
- **Incident commander:** Ana
- **Review:** 2026-11-18 10:00 (Europe/Amsterdam)
- **Author:** _to be named_
- **Status:** Draft, written by Tocsin from the timeline

## Summary

over is down (P0, api): acknowledged after 6 minutes, resolved after 15 minutes.

A deployment

## Impact

_Not known to Tocsin: please fill in. Who was affected, and how?_

## Timeline (all times UTC)

- 09:02 - P0 declared on api by generic: over is down (rule 1 (severity: critical) -> P0)
- 09:02 - Ana paged: P0 pages everyone
- 09:02 - Bo paged: P0 pages everyone
- 09:07 - Bo paged: step 2 of default, round 1: bo
- 09:08 - Ana acknowledged
- 09:08 - Ana is incident commander
- 09:08 - Ana posted an update (identified): A deployment; next: Roll back; ETA 10 minutes
- 09:08 - Ana identified the cause: A deployment
- 09:08 - 1 alert resolved by generic: over; none still firing
- 09:08 - Status is now monitoring: every alert resolved
- 09:17 - Ana identified the cause: A deployment without its environment
- 09:17 - Ana resolved the incident: Rolled back

## Root Cause

A deployment without its environment

## Resolution

Rolled back

## What Went Well

- On time: Acknowledge
- _Not known to Tocsin: please fill in._

## What Went Wrong

- _Not known to Tocsin: please fill in._

## Action Items

| What | Owner | Due | How it is verified |
|---|---|---|---|
| _to be agreed in the review_ | | | |

## Lessons Learned

_Not known to Tocsin: please fill in._
',1794820620000000);
CREATE TABLE public_incidents (
	incident INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	title TEXT NOT NULL, 
	status TEXT NOT NULL, 
	impact TEXT NOT NULL, 
	component TEXT, 
	state TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	monitoring_at BIGINT, 
	resolved_at BIGINT, 
	PRIMARY KEY (incident)
);
INSERT INTO "public_incidents" VALUES(1,'rl80aa4f0dk9','Issues with Checkout','resolved','critical','Checkout','operational',1794819720000000,1794820620000000,1794820080000000,1794820620000000);
INSERT INTO "public_incidents" VALUES(2,'n85epx5s1fr6','Issues with Past','investigating','critical',NULL,'major_outage',1794823020000000,1794823020000000,NULL,NULL);
INSERT INTO "public_incidents" VALUES(3,'lne57dnmej1r','Issues with Past','investigating','major',NULL,'partial_outage',1794823140000000,1794823140000000,NULL,NULL);
INSERT INTO "public_incidents" VALUES(4,'uq2bumqyzyrt','Issues with Checkout','investigating','critical','Checkout','major_outage',1794824940000000,1794824940000000,NULL,NULL);
INSERT INTO "public_incidents" VALUES(5,'oaw2uxwt2k57','Issues with Checkout','investigating','critical','Checkout','major_outage',1794824940000000,1794824940000000,NULL,NULL);
CREATE TABLE public_updates (
	id TEXT NOT NULL, 
	incident INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	body TEXT NOT NULL, 
	changes TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "public_updates" VALUES('01a1e397-8340-753f-b752-7d01e401e2b1',1,1794819720000000,'investigating','We are experiencing issues with Checkout.','[["Checkout","operational","major_outage"]]');
INSERT INTO "public_updates" VALUES('01a1e39d-0180-70fa-88c4-2c508a112c87',1,1794820080000000,'monitoring','Our monitoring no longer sees the issue affecting Checkout. We are watching it.','[["Checkout","major_outage","major_outage"]]');
INSERT INTO "public_updates" VALUES('01a1e3a5-3ee0-75bf-86e8-ed24f8e26376',1,1794820620000000,'resolved','The issue affecting Checkout has been resolved.','[["Checkout","major_outage","operational"]]');
INSERT INTO "public_updates" VALUES('01a1e3c9-dde0-77aa-8d4b-d8bd45da1a1a',2,1794823020000000,'investigating','We are experiencing issues with Past.','[]');
INSERT INTO "public_updates" VALUES('01a1e3cb-b2a0-778a-b61f-461b5cfe36df',3,1794823140000000,'investigating','We are experiencing issues with Past.','[]');
INSERT INTO "public_updates" VALUES('01a1e3e7-29e0-71e1-b77b-643f63fddfed',4,1794824940000000,'investigating','We are experiencing issues with Checkout.','[["Checkout","operational","major_outage"]]');
INSERT INTO "public_updates" VALUES('01a1e3e7-29e0-7e4f-b603-347705367355',5,1794824940000000,'investigating','We are experiencing issues with Checkout.','[["Checkout","major_outage","major_outage"]]');
CREATE TABLE runbooks (
	version TEXT NOT NULL, 
	text TEXT NOT NULL, 
	loaded_at BIGINT NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "runbooks" VALUES('34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','version: 1
organization: {name: Past, timezone: Europe/Amsterdam}
people:
  ana: {name: Ana, roles: [admin], notify: {high: [{via: hook}], low: [{via: hook}]}, webhook: "http://127.0.0.1:1/ana"}
  bo: {name: Bo, notify: {high: [{via: hook}], low: [{via: hook}]}, webhook: "http://127.0.0.1:1/bo"}
teams:
  web: {lead: bo, members: [ana, bo]}
schedules:
  primary: {rotation: {people: [ana, bo], every: 1w, hand_off: "mon 09:00", starts: 2026-01-05}}
escalation_policies:
  default:
    steps:
      - {page: [schedule:primary]}
      - {page: [bo], after: 5m}
      - {page: [everyone], after: 10m}
    repeat: 2
services:
  api: {team: web, component: Checkout}
  db: {team: web}
severities:
  P0: {title: Critical, respond_within: 15m, resolve_within: 1h, page: [everyone], urgency: high, protocol: critical, postmortem: required}
  P2: {title: Medium, respond_within: 2h, resolve_within: 1d, page: [on_call], urgency: low, protocol: critical}
triage:
  - {match: {severity: critical}, severity: P0}
  - {match: {severity: warning}, severity: P2}
protocols:
  critical:
    duties:
      - {id: acknowledge, at: 0m, within: 15m, owner: on_call, title: Acknowledge, done_by: acknowledged}
      - {id: update, at: 15m, every: 30m, owner: commander, title: Update, done_by: update_posted}
channels:
  hook: {webhook: {secret: ""}}
  alerts: {webhook: {secret: "", url: "http://127.0.0.1:1/alerts"}}
templates:
  initial_alert: "[{severity}] {title}"
postmortems: {directory: docs/incidents}
status_page: {title: Status, components: [Checkout]}
',1794819720000000);
CREATE TABLE sessions (
	hash TEXT NOT NULL, 
	account TEXT NOT NULL, 
	role TEXT NOT NULL, 
	csrf TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	PRIMARY KEY (hash)
);
CREATE TABLE swaps (
	id TEXT NOT NULL, 
	schedule TEXT NOT NULL, 
	asker TEXT NOT NULL, 
	other TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	until BIGINT NOT NULL, 
	back_start BIGINT NOT NULL, 
	back_until BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	state TEXT NOT NULL, 
	asked_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	closed_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "swaps" VALUES('swap-1','primary','ana','bo',1795424520000000,1796029320000000,1796029320000000,1796634120000000,'a wedding','asked',1794819720000000,1795424520000000,NULL);
CREATE TABLE timeline (
	incident INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	data TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (incident, seq)
)
 WITHOUT ROWID

;
INSERT INTO "timeline" VALUES(1,1,1794819720000000,'declared','source:generic','{"alert":{"key":"over","labels":{"host":"w\u00f6rker \"7\"","zone":"eu"},"source":"generic","title":"over is down"},"alerts":["over"],"check":"over","duties":[{"at":"2026-11-16T09:02:00Z","deadline":"2026-11-16T09:17:00Z","done_by":["acknowledged"],"id":"acknowledge","owner":"on_call","span":"PT15M","title":"Acknowledge"},{"at":"2026-11-16T09:17:00Z","deadline":"2026-11-16T09:47:00Z","done_by":["update_posted"],"every":"PT30M","id":"update","owner":"commander","span":"PT30M","title":"Update"}],"protocol":"critical","public":true,"rule":"rule 1 (severity: critical) -> P0","service":"api","severity":"P0","title":"over is down","urgency":"high","walk":{"gap":"PT5M","policy":"default","repeat":2,"started_at":"2026-11-16T09:02:00Z","steps":[{"after":"PT0S","all_must":false,"in_turn":false,"targets":["schedule:primary"]},{"after":"PT5M","all_must":false,"in_turn":false,"targets":["bo"]},{"after":"PT10M","all_must":false,"in_turn":false,"targets":["everyone"]}],"taken":0}}','4245aa42d845302d9163e574b0aa4232b67bfe8955a41f53b12b332017a7858f');
INSERT INTO "timeline" VALUES(1,2,1794819720000000,'paged','tocsin','{"page":"01a1e397-8340-7931-92b8-b3c1fd74c30c","person":"ana","reason":"P0 pages everyone","urgency":"high"}','3c0598fea4b46ee1f94cb0f87ccf62eb4c4011317758d7ab8391b5d07622d387');
INSERT INTO "timeline" VALUES(1,3,1794819720000000,'paged','tocsin','{"page":"01a1e397-8340-7168-af35-ada2b1d95ae3","person":"bo","reason":"P0 pages everyone","urgency":"high"}','8d60b7a0d447eef59550756f779aafe26b912ed85346f99fa65bd2e51ffd56c1');
INSERT INTO "timeline" VALUES(1,4,1794819720000000,'page_moot','tocsin','{"person":"bo","reason":"step 1 of default, round 1: schedule:primary","taken":1,"why":"already paged at this instant"}','f77184c4692cd949320c4cecf7ad2ac9bace061232c6b210cae2b93f2431742a');
INSERT INTO "timeline" VALUES(1,5,1794820020000000,'paged','tocsin','{"page":"01a1e39c-1720-7512-a44b-ca925fefdc76","person":"bo","reason":"step 2 of default, round 1: bo","taken":2,"urgency":"high"}','a05e339ce8cacc214fcff2ea4d3912a628a22464fb5b5aa7cbf8fd61ceae8fdd');
INSERT INTO "timeline" VALUES(1,6,1794820080000000,'acknowledged','ana','{}','6492e79f290ebe72affc9f44a95e546ceed04b5a28141431d14c2a666c5ca71f');
INSERT INTO "timeline" VALUES(1,7,1794820080000000,'duty_done','ana','{"duty":"acknowledge","evidence":{"actor":"ana","at":"2026-11-16T09:08:00Z","kind":"acknowledged"}}','0573e93181bfb2f9db87be315954ad3615bd730701a88f12997dbef51d5ef1c2');
INSERT INTO "timeline" VALUES(1,8,1794820080000000,'commander_assigned','ana','{"person":"ana"}','68f6cff163ffc7b96a256ad860c7b52a17752d620370ae021c2f38b3ea6d8822');
INSERT INTO "timeline" VALUES(1,9,1794820080000000,'update_posted','ana','{"eta":"10 minutes","next_steps":"Roll back","status":"identified","summary":"A deployment"}','db2f92dae85662628b0b7eeb4b112fd88cf3990297c634c9b82b9ad958de36e6');
INSERT INTO "timeline" VALUES(1,10,1794820080000000,'cause_identified','ana','{"summary":"A deployment"}','697b09fc187cb11df7e147ebc72461b63a2512e26f34aed87c0f5feedda599e6');
INSERT INTO "timeline" VALUES(1,11,1794820080000000,'alert_resolved','source:generic','{"count":1,"firing":0,"keys":["over"]}','feb87d2691e4abb1816233946fbc0b26a7f5d902821f70bc8b512bf1ebb140e4');
INSERT INTO "timeline" VALUES(1,12,1794820080000000,'status_changed','tocsin','{"reason":"every alert resolved","status":"monitoring"}','c85e07d75462dc8357b7f91a1646866f3e37d2b6129080f94121f7f446ecf685');
INSERT INTO "timeline" VALUES(1,13,1794820620000000,'cause_identified','ana','{"root_cause":"A deployment without its environment"}','725375f19bb8b869b3b031e70d31aaa2a093ef7bdd160a02b2cd406f7b5bc7b5');
INSERT INTO "timeline" VALUES(1,14,1794820620000000,'resolved','ana','{"resolution":"Rolled back","root_cause":"A deployment without its environment"}','89368d0e5c6630c162127fcda3e993b05853d88ed829424d9b6b7c513366a40a');
INSERT INTO "timeline" VALUES(1,15,1794820620000000,'review_scheduled','tocsin','{"at":"2026-11-18T09:00:00Z"}','29d3b3081daa23790624b967d672d55672a6f254d30998a245b0435014b74e9d');
INSERT INTO "timeline" VALUES(2,1,1794823020000000,'declared','source:generic','{"alert":{"key":"led","labels":{"host":"w\u00f6rker \"7\"","zone":"eu"},"source":"generic","title":"led is down"},"alerts":["led"],"check":"led","duties":[{"at":"2026-11-16T09:57:00Z","deadline":"2026-11-16T10:12:00Z","done_by":["acknowledged"],"id":"acknowledge","owner":"on_call","span":"PT15M","title":"Acknowledge"},{"at":"2026-11-16T10:12:00Z","deadline":"2026-11-16T10:42:00Z","done_by":["update_posted"],"every":"PT30M","id":"update","owner":"commander","span":"PT30M","title":"Update"}],"protocol":"critical","public":true,"rule":"rule 1 (severity: critical) -> P0","service":"db","severity":"P0","title":"led is down","urgency":"high","walk":{"gap":"PT5M","policy":"default","repeat":2,"started_at":"2026-11-16T09:57:00Z","steps":[{"after":"PT0S","all_must":false,"in_turn":false,"targets":["schedule:primary"]},{"after":"PT5M","all_must":false,"in_turn":false,"targets":["bo"]},{"after":"PT10M","all_must":false,"in_turn":false,"targets":["everyone"]}],"taken":0}}','b827f5d6f45fb776784fb89923ad2e2ac6e1311ea35558a08d4dc93cd690b839');
INSERT INTO "timeline" VALUES(2,2,1794823020000000,'paged','tocsin','{"page":"01a1e3c9-dde0-7c80-9f73-1abbb9247224","person":"ana","reason":"P0 pages everyone","urgency":"high"}','d835fa0ec11f44bab1554b9a3d00bdebacef600030e5601a32a02f2ba30b6802');
INSERT INTO "timeline" VALUES(2,3,1794823020000000,'paged','tocsin','{"page":"01a1e3c9-dde0-7628-af90-b1a5393eff65","person":"bo","reason":"P0 pages everyone","urgency":"high"}','1969b136af29cfba75f90559d543a082f40c33be7873684427d15637fbe97881');
INSERT INTO "timeline" VALUES(2,4,1794823020000000,'page_moot','tocsin','{"person":"bo","reason":"step 1 of default, round 1: schedule:primary","taken":1,"why":"already paged at this instant"}','4e266684f1f55a1c4bdaefd641cf852463f1fff53c896f87686f8f914047352b');
INSERT INTO "timeline" VALUES(2,5,1794823140000000,'acknowledged','bo','{}','f5d7902c96d403978cc7e131fbb3b7880518f6f692c0da1b4f8867c51e34e4ef');
INSERT INTO "timeline" VALUES(2,6,1794823140000000,'duty_done','bo','{"duty":"acknowledge","evidence":{"actor":"bo","at":"2026-11-16T09:59:00Z","kind":"acknowledged"}}','a3d4d678b47d3892651f34ec10627a598d1bb3ce5607ad6c216396f6da3bd087');
INSERT INTO "timeline" VALUES(2,7,1794823140000000,'commander_assigned','bo','{"person":"bo"}','42b2b5740a25303743ea7efbd91afcf4f91bc45059e1c4f0c860628fee678a72');
INSERT INTO "timeline" VALUES(2,8,1794823140000000,'role_assigned','bo','{"person":"ana","role":"communications"}','ccf229646c2716daed42e46c79a09b61f119386a53fbb75c79e5c3a697610b7a');
INSERT INTO "timeline" VALUES(3,1,1794823140000000,'declared','source:generic','{"alert":{"key":"quiet","labels":{"host":"w\u00f6rker \"7\"","zone":"eu"},"source":"generic","title":"quiet is down"},"alerts":["quiet"],"check":"quiet","duties":[{"at":"2026-11-16T09:59:00Z","deadline":"2026-11-16T10:14:00Z","done_by":["acknowledged"],"id":"acknowledge","owner":"on_call","span":"PT15M","title":"Acknowledge"},{"at":"2026-11-16T10:14:00Z","deadline":"2026-11-16T10:44:00Z","done_by":["update_posted"],"every":"PT30M","id":"update","owner":"commander","span":"PT30M","title":"Update"}],"protocol":"critical","public":true,"rule":"rule 2 (severity: warning) -> P2","service":"db","severity":"P2","title":"quiet is down","urgency":"low","walk":{"gap":"PT5M","policy":"default","repeat":2,"started_at":"2026-11-16T09:59:00Z","steps":[{"after":"PT0S","all_must":false,"in_turn":false,"targets":["schedule:primary"]},{"after":"PT5M","all_must":false,"in_turn":false,"targets":["bo"]},{"after":"PT10M","all_must":false,"in_turn":false,"targets":["everyone"]}],"taken":0}}','7a26e1890b83cdfdc4b4c3ddbbe90ea82cc97c0b14148246e331a967d61c14f1');
INSERT INTO "timeline" VALUES(3,2,1794823140000000,'paged','tocsin','{"page":"01a1e3cb-b2a0-7b29-b7ff-cf8b9b5d2120","person":"bo","reason":"P2 pages on_call","urgency":"low"}','b3123c7e260587195cd75c71b4840e50e3b605ba32984daa1af0db824398a78f');
INSERT INTO "timeline" VALUES(3,3,1794823140000000,'page_moot','tocsin','{"person":"bo","reason":"step 1 of default, round 1: schedule:primary","taken":1,"why":"already paged at this instant"}','a78bbbb86c424b8532adadc1d551dbc4ec7946dbb0225f774c3ac0b32153eaa6');
INSERT INTO "timeline" VALUES(3,4,1794823440000000,'paged','tocsin','{"page":"01a1e3d0-4680-7ebb-b592-1ff98fca7de7","person":"bo","reason":"step 2 of default, round 1: bo","taken":2,"urgency":"low"}','49bd7882cb2346e2df815f177620167c6f105987ec5c2e608cf105a5b28ef790');
INSERT INTO "timeline" VALUES(3,5,1794823740000000,'paged','tocsin','{"page":"01a1e3d4-da60-779c-96cf-6b6f283420f0","person":"ana","reason":"step 3 of default, round 1: everyone","taken":3,"urgency":"low"}','3f49b9254eee42ffbd0f8719b4ecc9d0f7d8fbdce6de8f30ac2549719f653d0b');
INSERT INTO "timeline" VALUES(3,6,1794823740000000,'paged','tocsin','{"page":"01a1e3d4-da60-798c-b712-77f75ae40837","person":"bo","reason":"step 3 of default, round 1: everyone","taken":3,"urgency":"low"}','31347a53b30821208d2c4b4382030bafa0ae2a130e8eff6e4e6eebf7ec8ab278');
INSERT INTO "timeline" VALUES(3,7,1794824040000000,'paged','tocsin','{"page":"01a1e3d9-6e40-749f-bc06-bf10d95f4458","person":"bo","reason":"step 1 of default, round 2: schedule:primary","taken":4,"urgency":"low"}','356ab7b23bbdf76eb2e0dce913f2118832945f8b6293e804812bfffd1e5e0df5');
INSERT INTO "timeline" VALUES(3,8,1794824040000000,'duty_missed','tocsin','{"deadline":"2026-11-16T10:14:00Z","duty":"acknowledge","owner":"on_call","people":["bo"],"title":"Acknowledge"}','ec043b1891f2491241fbdaa36c425141bd2ab7ba0874a5e2c9b9724943abe9fc');
INSERT INTO "timeline" VALUES(3,9,1794824040000000,'handed_on','tocsin','{"duty":"acknowledge","people":["ana","bo"],"to":"everyone"}','dac1762429fe61bd65157199f3c7bd5a6be93a02339d9cc32546955976b6bed1');
INSERT INTO "timeline" VALUES(3,10,1794824340000000,'paged','tocsin','{"page":"01a1e3de-0220-76c0-b45e-86b23e451755","person":"bo","reason":"step 2 of default, round 2: bo","taken":5,"urgency":"low"}','98c8692e9a608bf1705d10e80a81074e80395e041c8d8f8970fdd32c2e894f25');
INSERT INTO "timeline" VALUES(3,11,1794824640000000,'paged','tocsin','{"page":"01a1e3e2-9600-707d-9e66-df22a0857cc2","person":"ana","reason":"step 3 of default, round 2: everyone","taken":6,"urgency":"low"}','86978ab9a8af15508573298ea104ad25ebd09a0d9c703a9918faa93909f068ea');
INSERT INTO "timeline" VALUES(3,12,1794824640000000,'paged','tocsin','{"page":"01a1e3e2-9600-78d4-adf7-a82692e53656","person":"bo","reason":"step 3 of default, round 2: everyone","taken":6,"urgency":"low"}','1679aa359176a7761d01de659fb985d3086c9deec77d96ca8cdebd2a90157a72');
INSERT INTO "timeline" VALUES(3,13,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-7846-8f10-5acebb047092","person":"ana","reason":"step 3 of default, round 3: everyone","taken":7,"urgency":"low"}','0755d369b9d229f54a13b07f8aecf4b7573e4e28c108ddf78242074003e83546');
INSERT INTO "timeline" VALUES(3,14,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-767c-876c-ffc791f9e4b7","person":"bo","reason":"step 3 of default, round 3: everyone","taken":7,"urgency":"low"}','d97bd51ad7aa8e6f990ae15c49a965e77f1e0fc5232e11dcbbf107563259e658');
INSERT INTO "timeline" VALUES(3,15,1794825240000000,'paged','tocsin','{"page":"01a1e3eb-bdc0-71ea-8293-18e131518f6e","person":"ana","reason":"step 3 of default, round 3: everyone","taken":8,"urgency":"low"}','044a492e2b6e505e5e339777222dbc43c76da4aa0478dede4b31b922dddd1729');
INSERT INTO "timeline" VALUES(3,16,1794825240000000,'paged','tocsin','{"page":"01a1e3eb-bdc0-7085-80ff-edc239ada6c1","person":"bo","reason":"step 3 of default, round 3: everyone","taken":8,"urgency":"low"}','53001fe16e416db7e934894eb026621ab8c3edaae1cfd29104f1d816506e7268');
INSERT INTO "timeline" VALUES(4,1,1794824940000000,'declared','source:generic','{"alert":{"key":"waits-too","labels":{"host":"w\u00f6rker \"7\"","zone":"eu"},"source":"generic","title":"waits-too is down"},"alerts":["waits-too"],"check":"waits-too","duties":[{"at":"2026-11-16T10:29:00Z","deadline":"2026-11-16T10:44:00Z","done_by":["acknowledged"],"id":"acknowledge","owner":"on_call","span":"PT15M","title":"Acknowledge"},{"at":"2026-11-16T10:44:00Z","deadline":"2026-11-16T11:14:00Z","done_by":["update_posted"],"every":"PT30M","id":"update","owner":"commander","span":"PT30M","title":"Update"}],"protocol":"critical","public":true,"rule":"rule 1 (severity: critical) -> P0","service":"api","severity":"P0","title":"waits-too is down","urgency":"high","walk":{"gap":"PT5M","policy":"default","repeat":2,"started_at":"2026-11-16T10:29:00Z","steps":[{"after":"PT0S","all_must":false,"in_turn":false,"targets":["schedule:primary"]},{"after":"PT5M","all_must":false,"in_turn":false,"targets":["bo"]},{"after":"PT10M","all_must":false,"in_turn":false,"targets":["everyone"]}],"taken":0}}','fbb31252dcfb05c864a5e78590ef44b3505fab7c902f30c5c7d5c792377611b0');
INSERT INTO "timeline" VALUES(4,2,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-78fb-8ba2-05ca4943d35e","person":"ana","reason":"P0 pages everyone","urgency":"high"}','20b3ff8c6f4f1987822d203d62ef6564c0dff6ffff478b6de4b6e1c9c88be0c6');
INSERT INTO "timeline" VALUES(4,3,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-7ae8-a446-b317858757e6","person":"bo","reason":"P0 pages everyone","urgency":"high"}','30549a94450ef2c2720e0a09ffb9795bb50d5a1cf05d6b144c690af883fc322f');
INSERT INTO "timeline" VALUES(4,4,1794824940000000,'page_moot','tocsin','{"person":"bo","reason":"step 1 of default, round 1: schedule:primary","taken":1,"why":"already paged at this instant"}','86a58167e5bdba5fa8f11044b662e2e77f0a0c5826ff071ba5a54a2977afefb4');
INSERT INTO "timeline" VALUES(4,5,1794825240000000,'paged','tocsin','{"page":"01a1e3eb-bdc0-7b8a-a846-680b271e163c","person":"bo","reason":"step 2 of default, round 1: bo","taken":2,"urgency":"high"}','ddbf09604e36d5539f451cd56609b0b64961c0d4f62b617070b0d711d8f71a69');
INSERT INTO "timeline" VALUES(5,1,1794824940000000,'declared','source:generic','{"alert":{"key":"waits","labels":{"host":"w\u00f6rker \"7\"","zone":"eu"},"source":"generic","title":"waits is down"},"alerts":["waits"],"check":"waits","duties":[{"at":"2026-11-16T10:29:00Z","deadline":"2026-11-16T10:44:00Z","done_by":["acknowledged"],"id":"acknowledge","owner":"on_call","span":"PT15M","title":"Acknowledge"},{"at":"2026-11-16T10:44:00Z","deadline":"2026-11-16T11:14:00Z","done_by":["update_posted"],"every":"PT30M","id":"update","owner":"commander","span":"PT30M","title":"Update"}],"protocol":"critical","public":true,"rule":"rule 1 (severity: critical) -> P0","service":"api","severity":"P0","title":"waits is down","urgency":"high","walk":{"gap":"PT5M","policy":"default","repeat":2,"started_at":"2026-11-16T10:29:00Z","steps":[{"after":"PT0S","all_must":false,"in_turn":false,"targets":["schedule:primary"]},{"after":"PT5M","all_must":false,"in_turn":false,"targets":["bo"]},{"after":"PT10M","all_must":false,"in_turn":false,"targets":["everyone"]}],"taken":0}}','0bf895ba45fa57640f60220c0330bea19255072add7d884ad3ec9962ab07c976');
INSERT INTO "timeline" VALUES(5,2,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-7f79-8376-519bb945bde2","person":"ana","reason":"P0 pages everyone","urgency":"high"}','fecc4600a66b24adba2858f3afdf085c1507912e562e58a8895cb0a03b5de21c');
INSERT INTO "timeline" VALUES(5,3,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c","person":"bo","reason":"P0 pages everyone","urgency":"high"}','c9e67ed011c1693fc5ae13eaa94c4aa6da51ab42734eda2e9cd18a111c5c27d4');
INSERT INTO "timeline" VALUES(5,4,1794824940000000,'page_moot','tocsin','{"person":"bo","reason":"step 1 of default, round 1: schedule:primary","taken":1,"why":"already paged at this instant"}','e2b4473b6400462e8ac011dbae213e9086d007680c8374f9d0021b6fb4cccdd5');
INSERT INTO "timeline" VALUES(5,5,1794825240000000,'paged','tocsin','{"page":"01a1e3eb-bdc0-75b2-8438-30b7e324396f","person":"bo","reason":"step 2 of default, round 1: bo","taken":2,"urgency":"high"}','c4ade0f6ee407e9e0ecf7c7a7583d7d7f825737a7d2112c56f63092e27bf52a8');
CREATE TABLE turns (
	step TEXT NOT NULL, 
	person TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (step, person)
);
INSERT INTO "turns" VALUES('default:1','ana',1794819720000000);
CREATE INDEX alerts_incident ON alerts (incident, state);
CREATE UNIQUE INDEX alerts_latest ON alerts (dedup) WHERE latest = 1;
CREATE INDEX attempts_outbox ON attempts (outbox);
CREATE INDEX attempts_page ON attempts (page);
CREATE INDEX incidents_group ON incidents (group_key);
CREATE INDEX incidents_room ON incidents (room_date);
CREATE INDEX incidents_status ON incidents (status);
CREATE INDEX incidents_wake ON incidents (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX outbox_due ON outbox (due) WHERE state = 'pending';
CREATE INDEX outbox_incident ON outbox (incident, state);
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'leased';
CREATE INDEX outbox_page ON outbox (page);
CREATE INDEX pages_incident ON pages (incident, state);
CREATE INDEX incidents_paging ON incidents (number) WHERE step_due IS NOT NULL;
CREATE INDEX overrides_until ON overrides (until, start);
CREATE INDEX overrides_schedule ON overrides (schedule, until);
CREATE INDEX absences_until ON absences (until, start);
CREATE INDEX swaps_state ON swaps (state, expires_at);
CREATE INDEX bookings_until ON bookings (until, start);
CREATE INDEX attempts_receipt ON attempts (receipt) WHERE receipt IS NOT NULL;
CREATE INDEX checks_person ON checks (person, sent_at);
CREATE INDEX heard_at ON heard (at);
CREATE INDEX devices_of ON devices (person);
CREATE INDEX looks_due ON looks (due);
CREATE INDEX handoffs_due ON handoffs (due) WHERE due IS NOT NULL;
CREATE INDEX handoffs_at ON handoffs (at);
CREATE INDEX public_updates_incident ON public_updates (incident, at);
COMMIT;
