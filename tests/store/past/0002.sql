BEGIN TRANSACTION;
CREATE TABLE accounts (
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	password TEXT, 
	created_at BIGINT NOT NULL, 
	disabled_at BIGINT, 
	PRIMARY KEY (name)
);
INSERT INTO "accounts" VALUES('carl','viewer','$argon2id$v=19$m=65536,t=3,p=4$cswPduLkaTf4x/pheekZog$5rh2ZigCBVLrUBCWvepp7Z4xL6fXSAPVkh0Eh3xcpyQ',1794819720000000,NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
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
INSERT INTO "attempts" VALUES('01a1e397-8340-7136-aced-d5329d5b8c34','01a1e397-8340-73dd-9628-01fb2468d347','01a1e397-8340-7168-af35-ada2b1d95ae3',1794819720000000,'hook','delivered','r-68d347',NULL,12);
INSERT INTO "attempts" VALUES('01a1e397-8340-7b60-a684-724473cdd057','01a1e397-8340-7f90-88eb-e9f8763e8e14','01a1e397-8340-7931-92b8-b3c1fd74c30c',1794819720000000,'hook','delivered','r-3e8e14',NULL,12);
INSERT INTO "attempts" VALUES('01a1e397-8340-7679-976a-22311fc70d9d','01a1e397-8340-7baa-ae9c-b50676a2760a',NULL,1794819720000000,'alerts','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e397-d160-7b01-9017-aca01495dd34','01a1e397-8340-7baa-ae9c-b50676a2760a',NULL,1794819740000000,'alerts','delivered','r-a2760a',NULL,12);
INSERT INTO "attempts" VALUES('01a1e39c-1720-7c64-a449-f8d9d8357f77','01a1e39c-1720-72a0-bd48-e9dc13c042b6','01a1e39c-1720-7512-a44b-ca925fefdc76',1794820020000000,'hook','delivered','r-c042b6',NULL,12);
INSERT INTO "attempts" VALUES('01a1e39d-0180-710a-a9e0-bb79b52d28c1','01a1e39d-0180-7b75-a764-0d3134fc8867',NULL,1794820080000000,'hook','delivered','r-fc8867',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3a5-3ee0-7a6e-98d7-c83c4f46e991','01a1e3a5-3ee0-72ef-8cec-c11b000c1b71',NULL,1794820620000000,'','delivered','r-0c1b71',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3c9-dde0-79e7-b28a-1728e77e55a6','01a1e3c9-dde0-749f-a5e1-04fb2e8b9b30','01a1e3c9-dde0-7c80-9f73-1abbb9247224',1794823020000000,'hook','delivered','r-8b9b30',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3c9-dde0-75ed-99e1-40df4d7b59df','01a1e3c9-dde0-77ae-9d57-1979049b0930','01a1e3c9-dde0-7628-af90-b1a5393eff65',1794823020000000,'hook','delivered','r-9b0930',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3c9-dde0-73a1-86bd-084b0d371262','01a1e3c9-dde0-74d9-af67-a0c47cf66635',NULL,1794823020000000,'alerts','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3ca-2c00-727a-a56b-7950dc65fc1a','01a1e3c9-dde0-74d9-af67-a0c47cf66635',NULL,1794823040000000,'alerts','delivered','r-f66635',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3cb-b2a0-7fbd-a94c-5493f97e7ac0','01a1e3cb-b2a0-7e25-b864-e9317fb63406','01a1e3cb-b2a0-7b29-b7ff-cf8b9b5d2120',1794823140000000,'hook','delivered','r-b63406',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3cb-b2a0-791f-baf6-1061c8ebf4c0','01a1e3cb-b2a0-719f-942c-e3c59e982354',NULL,1794823140000000,'alerts','delivered','r-982354',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3cb-b2a0-78ff-b2ad-7e8d9ef5663a','01a1e3cb-b2a0-7bd5-837a-2fa21badb2da',NULL,1794823140000000,'hook','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3cc-00c0-72ad-bffb-e2413fbb1597','01a1e3cb-b2a0-7bd5-837a-2fa21badb2da',NULL,1794823160000000,'hook','delivered','r-adb2da',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d0-4680-7538-a63c-104b6471ad25','01a1e3d0-4680-7d14-98b9-19cc05157171','01a1e3d0-4680-7ebb-b592-1ff98fca7de7',1794823440000000,'hook','delivered','r-157171',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d4-da60-7c34-a040-493c3c0bb8e3','01a1e3d4-da60-731e-b509-8006e42f4a5c','01a1e3d4-da60-798c-b712-77f75ae40837',1794823740000000,'hook','delivered','r-2f4a5c',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d4-da60-79ed-9ec2-ec9cc9d1bf56','01a1e3d4-da60-781b-91d1-a7a47eaeb48e','01a1e3d4-da60-779c-96cf-6b6f283420f0',1794823740000000,'hook','delivered','r-aeb48e',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d9-6e40-7902-8179-55b95fb1701f','01a1e3d9-6e40-7169-bf92-8ac35f1c9717','01a1e3d9-6e40-749f-bc06-bf10d95f4458',1794824040000000,'hook','delivered','r-1c9717',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d9-6e40-79c5-a37d-d7299c29874f','01a1e3d9-6e40-7011-9476-ce9affb23eb6',NULL,1794824040000000,'hook','delivered','r-b23eb6',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3d9-6e40-7c4d-9278-2564558e48fa','01a1e3d9-6e40-701b-9ab9-04b9519338d1',NULL,1794824040000000,'hook','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3d9-bc60-74f5-8cc3-21d2fcd9ac81','01a1e3d9-6e40-701b-9ab9-04b9519338d1',NULL,1794824060000000,'hook','delivered','r-9338d1',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3de-0220-7af2-939e-a943caa5fbff','01a1e3de-0220-7771-bb30-c29bb05cc11d','01a1e3de-0220-76c0-b45e-86b23e451755',1794824340000000,'hook','delivered','r-5cc11d',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e2-9600-72d4-8f1a-0f5477dac9dd','01a1e3e2-9600-7912-97d6-648108d6bb01','01a1e3e2-9600-78d4-adf7-a82692e53656',1794824640000000,'hook','delivered','r-d6bb01',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e2-9600-7a3f-b79d-0018f0f00cba','01a1e3e2-9600-7f8a-b3ed-50aa63ba9560','01a1e3e2-9600-707d-9e66-df22a0857cc2',1794824640000000,'hook','delivered','r-ba9560',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-73fd-9516-8063b0bea9e9','01a1e3e7-29e0-7222-a7d5-b0e2d9c877fa','01a1e3e7-29e0-7ae8-a446-b317858757e6',1794824940000000,'hook','delivered','r-c877fa',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-7ff8-a58f-89715a4bb9b7','01a1e3e7-29e0-7441-a089-bad6b60ba699','01a1e3e7-29e0-78fb-8ba2-05ca4943d35e',1794824940000000,'hook','delivered','r-0ba699',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-744a-82c0-cb9ec9e6f485','01a1e3e7-29e0-76fe-9ecd-96c3af0923f9','01a1e3e7-29e0-7f79-8376-519bb945bde2',1794824940000000,'hook','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-77f3-94f3-4685b9aca88d','01a1e3e7-29e0-771a-97ff-f38465034e46','01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c',1794824940000000,'hook','delivered','r-034e46',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-7675-b853-cac19396c999','01a1e3e7-29e0-7539-b5da-70f468a825b2','01a1e3e7-29e0-7846-8f10-5acebb047092',1794824940000000,'hook','delivered','r-a825b2',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-74e4-80a5-51ee33fb6449','01a1e3e7-29e0-7cab-abc3-0d35d53fe486','01a1e3e7-29e0-767c-876c-ffc791f9e4b7',1794824940000000,'hook','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-7191-a87f-362d814e8e64','01a1e3e7-29e0-71a3-82bc-484f0f089011',NULL,1794824940000000,'alerts','delivered','r-089011',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-72f3-9a6c-2ffaa2ec1f1a','01a1e3e7-29e0-75aa-9711-3364bfd21a92',NULL,1794824940000000,'alerts','delivered','r-d21a92',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-29e0-73e0-be8b-c38f6613aff8','01a1e3e7-29e0-7653-b83b-3c36bc0cbe17',NULL,1794824940000000,'alerts','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3e7-7800-7afb-9c8f-7733db8da334','01a1e3e7-29e0-76fe-9ecd-96c3af0923f9','01a1e3e7-29e0-7f79-8376-519bb945bde2',1794824960000000,'hook','delivered','r-0923f9',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-7800-7322-a548-e9ad51c88def','01a1e3e7-29e0-7cab-abc3-0d35d53fe486','01a1e3e7-29e0-767c-876c-ffc791f9e4b7',1794824960000000,'hook','delivered','r-3fe486',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3e7-7800-71aa-997c-ca96e72696b5','01a1e3e7-29e0-7653-b83b-3c36bc0cbe17',NULL,1794824960000000,'alerts','delivered','r-0cbe17',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3eb-bdc0-77e8-80cf-222a3638141c','01a1e3eb-bdc0-7819-8c72-10f1fb5262f7','01a1e3eb-bdc0-75b2-8438-30b7e324396f',1794825240000000,'hook','delivered','r-5262f7',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3eb-bdc0-7ef8-8814-4fb7c5a6fe3d','01a1e3eb-bdc0-7c63-bdcb-1cd9ca5b0735','01a1e3eb-bdc0-7b8a-a846-680b271e163c',1794825240000000,'hook','delivered','r-5b0735',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3eb-bdc0-7d29-a128-d2e469f0e4ed','01a1e3eb-bdc0-7308-a4d0-236fb52e558e','01a1e3eb-bdc0-71ea-8293-18e131518f6e',1794825240000000,'hook','retry',NULL,'status 500',12);
INSERT INTO "attempts" VALUES('01a1e3eb-bdc0-75ea-8452-bc01ae190385','01a1e3eb-bdc0-7c64-872a-0246395319e8','01a1e3eb-bdc0-7085-80ff-edc239ada6c1',1794825240000000,'hook','delivered','r-5319e8',NULL,12);
INSERT INTO "attempts" VALUES('01a1e3ec-0be0-7375-993f-918c43ebdf56','01a1e3eb-bdc0-7308-a4d0-236fb52e558e','01a1e3eb-bdc0-71ea-8293-18e131518f6e',1794825260000000,'hook','delivered','r-2e558e',NULL,12);
CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	what TEXT NOT NULL, 
	data TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "audit" VALUES(1,1794819720000000,'command line','token_created','{"name":"robot","role":"admin"}','6265d110dbbcc6e7587a53519dd2526785a9a6090f63aee2e2bfde9d4ddb2b9e');
INSERT INTO "audit" VALUES(2,1794819720000000,'command line','user_added','{"name":"carl","role":"viewer"}','66d3830037775a411f1c123953126419a88d7046446210b066cb76cc76ba6dac');
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
INSERT INTO "incidents" VALUES(1,'over is down','P0','resolved','api','over',0,1794819720000000,1794820080000000,1794820620000000,'ana','34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','apiover',1794819720000000,1,NULL,NULL,NULL,15,'d3c5954916c022defa238703db388090bf18035c1297212f279262dbfbbb4adb','{"number":1,"title":"over is down","severity":"P0","declared_at":"2026-11-16T09:02:00Z","declared_by":"source:generic","runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","status":"resolved","service":"api","check":"over","urgency":"high","protocol":"critical","roles":{"commander":"ana"},"acknowledged_at":"2026-11-16T09:08:00Z","acknowledged_by":"ana","answered":true,"resolved_at":"2026-11-16T09:17:00Z","summary":"A deployment","next_steps":"Roll back","eta":"10 minutes","root_cause":"A deployment without its environment","resolution":"Rolled back","updates":1,"pages":3,"walk":{"policy":"default","steps":[{"targets":["schedule:primary"],"after":"PT0S"},{"targets":["bo"],"after":"PT5M"},{"targets":["everyone"],"after":"PT10M"}],"repeat":2,"gap":"PT5M","started_at":"2026-11-16T09:02:00Z","taken":2},"duties":[{"id":"acknowledge","title":"Acknowledge","owner":"on_call","done_by":["acknowledged"],"at":"2026-11-16T09:02:00Z","deadline":"2026-11-16T09:17:00Z","span":"PT15M","done_at":"2026-11-16T09:08:00Z","evidence":{"kind":"acknowledged","actor":"ana","at":"2026-11-16T09:08:00Z"}},{"id":"update","title":"Update","owner":"commander","done_by":["update_posted"],"at":"2026-11-16T09:17:00Z","deadline":"2026-11-16T09:47:00Z","span":"PT30M","every":"PT30M","done_at":"2026-11-16T09:17:00Z","moot":true}],"review_at":"2026-11-18T09:00:00Z"}',NULL);
INSERT INTO "incidents" VALUES(2,'led is down','P0','acknowledged','db','led',0,1794823020000000,1794823140000000,NULL,'bo','34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','dbled',1794823020000000,1,NULL,NULL,1794825420000000,8,'aabce2853f7372dc458e773ea5c13b6ee06a615ca1c3ac07b3b78b103f2bdec7','{"number":2,"title":"led is down","severity":"P0","declared_at":"2026-11-16T09:57:00Z","declared_by":"source:generic","runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","status":"acknowledged","service":"db","check":"led","urgency":"high","protocol":"critical","roles":{"commander":"bo","communications":"ana"},"acknowledged_at":"2026-11-16T09:59:00Z","acknowledged_by":"bo","answered":true,"pages":2,"walk":{"policy":"default","steps":[{"targets":["schedule:primary"],"after":"PT0S"},{"targets":["bo"],"after":"PT5M"},{"targets":["everyone"],"after":"PT10M"}],"repeat":2,"gap":"PT5M","started_at":"2026-11-16T09:57:00Z","taken":1},"duties":[{"id":"acknowledge","title":"Acknowledge","owner":"on_call","done_by":["acknowledged"],"at":"2026-11-16T09:57:00Z","deadline":"2026-11-16T10:12:00Z","span":"PT15M","done_at":"2026-11-16T09:59:00Z","evidence":{"kind":"acknowledged","actor":"bo","at":"2026-11-16T09:59:00Z"}},{"id":"update","title":"Update","owner":"commander","done_by":["update_posted"],"at":"2026-11-16T10:12:00Z","deadline":"2026-11-16T10:42:00Z","span":"PT30M","every":"PT30M"}]}',NULL);
INSERT INTO "incidents" VALUES(3,'quiet is down','P2','triggered','db','quiet',0,1794823140000000,NULL,NULL,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','dbquiet',1794823140000000,1,NULL,NULL,1794825540000000,16,'fe98272f7432196d9a9029b5fcd8591c07c6ccf2c9be80d68296c492faea24c0','{"number":3,"title":"quiet is down","severity":"P2","declared_at":"2026-11-16T09:59:00Z","declared_by":"source:generic","runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","service":"db","check":"quiet","urgency":"low","protocol":"critical","paging":["bo","ana"],"pages":12,"walk":{"policy":"default","steps":[{"targets":["schedule:primary"],"after":"PT0S"},{"targets":["bo"],"after":"PT5M"},{"targets":["everyone"],"after":"PT10M"}],"repeat":2,"gap":"PT5M","started_at":"2026-11-16T09:59:00Z","taken":8},"duties":[{"id":"acknowledge","title":"Acknowledge","owner":"on_call","done_by":["acknowledged"],"at":"2026-11-16T09:59:00Z","deadline":"2026-11-16T10:14:00Z","span":"PT15M","missed_at":"2026-11-16T10:14:00Z","holder":3},{"id":"update","title":"Update","owner":"commander","done_by":["update_posted"],"at":"2026-11-16T10:14:00Z","deadline":"2026-11-16T10:44:00Z","span":"PT30M","every":"PT30M"}]}',1794825540000000);
INSERT INTO "incidents" VALUES(4,'waits-too is down','P0','triggered','api','waits-too',0,1794824940000000,NULL,NULL,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','apiwaits-too',1794824940000000,1,NULL,NULL,1794825540000000,5,'02860b4dbca0ab86fcee477ff4afaf85ddcbdb3ea542a4be856f8acbb34c2497','{"number":4,"title":"waits-too is down","severity":"P0","declared_at":"2026-11-16T10:29:00Z","declared_by":"source:generic","runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","service":"api","check":"waits-too","urgency":"high","protocol":"critical","paging":["ana","bo"],"pages":3,"walk":{"policy":"default","steps":[{"targets":["schedule:primary"],"after":"PT0S"},{"targets":["bo"],"after":"PT5M"},{"targets":["everyone"],"after":"PT10M"}],"repeat":2,"gap":"PT5M","started_at":"2026-11-16T10:29:00Z","taken":2},"duties":[{"id":"acknowledge","title":"Acknowledge","owner":"on_call","done_by":["acknowledged"],"at":"2026-11-16T10:29:00Z","deadline":"2026-11-16T10:44:00Z","span":"PT15M"},{"id":"update","title":"Update","owner":"commander","done_by":["update_posted"],"at":"2026-11-16T10:44:00Z","deadline":"2026-11-16T11:14:00Z","span":"PT30M","every":"PT30M"}]}',1794825540000000);
INSERT INTO "incidents" VALUES(5,'waits is down','P0','triggered','api','waits',0,1794824940000000,NULL,NULL,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846','apiwaits',1794824940000000,1,NULL,NULL,1794825540000000,5,'ea7f3f9ee1b2d34f6408d34d6f34be5f12d0c5be1dd1d969eb0af6923c82c2eb','{"number":5,"title":"waits is down","severity":"P0","declared_at":"2026-11-16T10:29:00Z","declared_by":"source:generic","runbook_version":"34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846","service":"api","check":"waits","urgency":"high","protocol":"critical","paging":["ana","bo"],"pages":3,"walk":{"policy":"default","steps":[{"targets":["schedule:primary"],"after":"PT0S"},{"targets":["bo"],"after":"PT5M"},{"targets":["everyone"],"after":"PT10M"}],"repeat":2,"gap":"PT5M","started_at":"2026-11-16T10:29:00Z","taken":2},"duties":[{"id":"acknowledge","title":"Acknowledge","owner":"on_call","done_by":["acknowledged"],"at":"2026-11-16T10:29:00Z","deadline":"2026-11-16T10:44:00Z","span":"PT15M"},{"id":"update","title":"Update","owner":"commander","done_by":["update_posted"],"at":"2026-11-16T10:44:00Z","deadline":"2026-11-16T11:14:00Z","span":"PT30M","every":"PT30M"}]}',1794825540000000);
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('runbook','34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "meta" VALUES('audit_head','2 66d3830037775a411f1c123953126419a88d7046446210b066cb76cc76ba6dac');
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
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-7653-b83b-3c36bc0cbe17','INC-4:initial_alert:2026-11-16T10:29:00+00:00:alerts:0',4,'message',NULL,NULL,NULL,'alerts',NULL,'webhook:http://127.0.0.1:1/alerts','{"title":"[P0] waits-too is down","text":"[P0] waits-too is down","plain":true,"kind":"webhook","to":"http://127.0.0.1:1/alerts"}',1,1794824940933333,'done','past',1794824990000000,2,1,1794824940000000,1794824940000000,1794824960000000,'status 500');
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-76fe-9ecd-96c3af0923f9','page:01a1e3e7-29e0-7f79-8376-519bb945bde2:0',5,'page','01a1e3e7-29e0-7f79-8376-519bb945bde2',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',1,1794824940879216,'done','past',1794824990000000,2,1,1794824940000000,1794824940000000,1794824960000000,'status 500');
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-771a-97ff-f38465034e46','page:01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c:0',5,'page','01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',1,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-75aa-9711-3364bfd21a92','INC-5:initial_alert:2026-11-16T10:29:00+00:00:alerts:0',5,'message',NULL,NULL,NULL,'alerts',NULL,'webhook:http://127.0.0.1:1/alerts','{"title":"[P0] waits is down","text":"[P0] waits is down","plain":true,"kind":"webhook","to":"http://127.0.0.1:1/alerts"}',1,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-7539-b5da-70f468a825b2','page:01a1e3e7-29e0-7846-8f10-5acebb047092:0',3,'page','01a1e3e7-29e0-7846-8f10-5acebb047092',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',0,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-7cab-abc3-0d35d53fe486','page:01a1e3e7-29e0-767c-876c-ffc791f9e4b7:0',3,'page','01a1e3e7-29e0-767c-876c-ffc791f9e4b7',0,NULL,'hook','bo','webhook:http://127.0.0.1:1/bo','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/bo"}',0,1794824940982745,'done','past',1794824990000000,2,1,1794824940000000,1794824940000000,1794824960000000,'status 500');
INSERT INTO "outbox" VALUES('01a1e3e7-29e0-71a3-82bc-484f0f089011','INC-3:last_resort:0',3,'message',NULL,NULL,NULL,'alerts',NULL,'webhook:http://127.0.0.1:1/alerts','{"title":"Nobody answers: INC-3","text":"Nobody has acknowledged INC-3 (P2: quiet is down) in 30 minutes. The escalation policy default has been walked to its end; its last step is paged again and again. Somebody, please take it: http://tocsin.example.org/incidents/INC-3","plain":false,"kind":"webhook","to":"http://127.0.0.1:1/alerts"}',1,1794824940000000,'done','past',1794824970000000,1,0,NULL,1794824940000000,1794824940000000,NULL);
INSERT INTO "outbox" VALUES('01a1e3eb-bdc0-7308-a4d0-236fb52e558e','page:01a1e3eb-bdc0-71ea-8293-18e131518f6e:0',3,'page','01a1e3eb-bdc0-71ea-8293-18e131518f6e',0,NULL,'hook','ana','webhook:http://127.0.0.1:1/ana','{"targets":["everyone"],"kind":"webhook","to":"http://127.0.0.1:1/ana"}',0,1794825240831373,'done','past',1794825290000000,2,1,1794825240000000,1794825240000000,1794825260000000,'status 500');
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
	deleted_at BIGINT, 
	PRIMARY KEY (id)
);
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
	runbook_version TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "pages" VALUES('01a1e397-8340-7931-92b8-b3c1fd74c30c',1,'ana','high','P0 pages everyone','acknowledged','acknowledged by ana','hook',1794819720000000,1794820080000000,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e397-8340-7168-af35-ada2b1d95ae3',1,'bo','high','P0 pages everyone','moot','acknowledged by ana','hook',1794819720000000,1794820080000000,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e39c-1720-7512-a44b-ca925fefdc76',1,'bo','high','step 2 of default, round 1: bo','moot','acknowledged by ana','hook',1794820020000000,1794820080000000,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3c9-dde0-7c80-9f73-1abbb9247224',2,'ana','high','P0 pages everyone','moot','acknowledged by bo','hook',1794823020000000,1794823140000000,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3c9-dde0-7628-af90-b1a5393eff65',2,'bo','high','P0 pages everyone','acknowledged','acknowledged by bo','hook',1794823020000000,1794823140000000,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3cb-b2a0-7b29-b7ff-cf8b9b5d2120',3,'bo','low','P2 pages on_call','sent',NULL,'hook',1794823140000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3d0-4680-7ebb-b592-1ff98fca7de7',3,'bo','low','step 2 of default, round 1: bo','sent',NULL,'hook',1794823440000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3d4-da60-779c-96cf-6b6f283420f0',3,'ana','low','step 3 of default, round 1: everyone','sent',NULL,'hook',1794823740000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3d4-da60-798c-b712-77f75ae40837',3,'bo','low','step 3 of default, round 1: everyone','sent',NULL,'hook',1794823740000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3d9-6e40-749f-bc06-bf10d95f4458',3,'bo','low','step 1 of default, round 2: schedule:primary','sent',NULL,'hook',1794824040000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3de-0220-76c0-b45e-86b23e451755',3,'bo','low','step 2 of default, round 2: bo','sent',NULL,'hook',1794824340000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3e2-9600-707d-9e66-df22a0857cc2',3,'ana','low','step 3 of default, round 2: everyone','sent',NULL,'hook',1794824640000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3e2-9600-78d4-adf7-a82692e53656',3,'bo','low','step 3 of default, round 2: everyone','sent',NULL,'hook',1794824640000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-78fb-8ba2-05ca4943d35e',4,'ana','high','P0 pages everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-7ae8-a446-b317858757e6',4,'bo','high','P0 pages everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-7f79-8376-519bb945bde2',5,'ana','high','P0 pages everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c',5,'bo','high','P0 pages everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-7846-8f10-5acebb047092',3,'ana','low','step 3 of default, round 3: everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3e7-29e0-767c-876c-ffc791f9e4b7',3,'bo','low','step 3 of default, round 3: everyone','sent',NULL,'hook',1794824940000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3eb-bdc0-71ea-8293-18e131518f6e',3,'ana','low','step 3 of default, round 3: everyone','sent',NULL,'hook',1794825240000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3eb-bdc0-7085-80ff-edc239ada6c1',3,'bo','low','step 3 of default, round 3: everyone','sent',NULL,'hook',1794825240000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3eb-bdc0-7b8a-a846-680b271e163c',4,'bo','high','step 2 of default, round 1: bo','sent',NULL,'hook',1794825240000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
INSERT INTO "pages" VALUES('01a1e3eb-bdc0-75b2-8438-30b7e324396f',5,'bo','high','step 2 of default, round 1: bo','sent',NULL,'hook',1794825240000000,NULL,'34bb93c0e9311dec7d7dc9e5e6203d8512ae1a367bd4fac09ff08e5f61a7f846');
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
INSERT INTO "timeline" VALUES(1,1,1794819720000000,'declared','source:generic','{"alerts":["over"],"check":"over","duties":[{"at":"2026-11-16T09:02:00Z","deadline":"2026-11-16T09:17:00Z","done_by":["acknowledged"],"id":"acknowledge","owner":"on_call","span":"PT15M","title":"Acknowledge"},{"at":"2026-11-16T09:17:00Z","deadline":"2026-11-16T09:47:00Z","done_by":["update_posted"],"every":"PT30M","id":"update","owner":"commander","span":"PT30M","title":"Update"}],"protocol":"critical","rule":"rule 1 (severity: critical) -> P0","service":"api","severity":"P0","title":"over is down","urgency":"high","walk":{"gap":"PT5M","policy":"default","repeat":2,"started_at":"2026-11-16T09:02:00Z","steps":[{"after":"PT0S","targets":["schedule:primary"]},{"after":"PT5M","targets":["bo"]},{"after":"PT10M","targets":["everyone"]}],"taken":0}}','9261b545272894716727b0bd0c157a40f82695d0aa8c15052f49f5b5ceae63be');
INSERT INTO "timeline" VALUES(1,2,1794819720000000,'paged','tocsin','{"page":"01a1e397-8340-7931-92b8-b3c1fd74c30c","person":"ana","reason":"P0 pages everyone","urgency":"high"}','e2e92aa10ee0e976c5f533dce6263e36e7dc9d9db98789e2e6012fc9c17e48ea');
INSERT INTO "timeline" VALUES(1,3,1794819720000000,'paged','tocsin','{"page":"01a1e397-8340-7168-af35-ada2b1d95ae3","person":"bo","reason":"P0 pages everyone","urgency":"high"}','b3ed85445d7492b031c5ec9bb29be2d69938e100d811b1d05bfbffe97423de8c');
INSERT INTO "timeline" VALUES(1,4,1794819720000000,'page_moot','tocsin','{"person":"bo","reason":"step 1 of default, round 1: schedule:primary","taken":1,"why":"already paged at this instant"}','e046da19c685ed49634ecae6935d9e5583ee73a35658fb902203bf6d0e5879dd');
INSERT INTO "timeline" VALUES(1,5,1794820020000000,'paged','tocsin','{"page":"01a1e39c-1720-7512-a44b-ca925fefdc76","person":"bo","reason":"step 2 of default, round 1: bo","taken":2,"urgency":"high"}','6a545e6e3371cae49ffd266722d6ccd16e20d1ae2f24d194607acaaba6719238');
INSERT INTO "timeline" VALUES(1,6,1794820080000000,'acknowledged','ana','{}','813b0d7d8bfc431b882bac74b84387cbd937de1a57a5c056ff8dad152f35bdce');
INSERT INTO "timeline" VALUES(1,7,1794820080000000,'duty_done','ana','{"duty":"acknowledge","evidence":{"actor":"ana","at":"2026-11-16T09:08:00Z","kind":"acknowledged"}}','a18b5b58a181c1a1e6de14a877a2696454727bedf21f36bf5a596ad356c3448b');
INSERT INTO "timeline" VALUES(1,8,1794820080000000,'commander_assigned','ana','{"person":"ana"}','6e8756dd8218baa908e320e805eccefe1de96c2807c5c2c860bdce68a01a0bdd');
INSERT INTO "timeline" VALUES(1,9,1794820080000000,'update_posted','ana','{"eta":"10 minutes","next_steps":"Roll back","status":"identified","summary":"A deployment"}','5f0ff0b07b25b26a06d8466b3f7bcef71365a71a1c5b53a3e647ef43d485ed25');
INSERT INTO "timeline" VALUES(1,10,1794820080000000,'cause_identified','ana','{"summary":"A deployment"}','3658267395b46a9f7a1312d8e5ce698ecc9ea3a1e125b5fb2c83bc804c0f0cd5');
INSERT INTO "timeline" VALUES(1,11,1794820080000000,'alert_resolved','source:generic','{"count":1,"firing":0,"keys":["over"]}','0fcbd1d5f76bc8ff27042398690cb770a2816c1af9eba9b200ba2ee37e82829d');
INSERT INTO "timeline" VALUES(1,12,1794820080000000,'status_changed','tocsin','{"reason":"every alert resolved","status":"monitoring"}','6564c0a3ea59362beb264b5e046fb5e058f2eefa67b313707326c9ae84ccc881');
INSERT INTO "timeline" VALUES(1,13,1794820620000000,'cause_identified','ana','{"root_cause":"A deployment without its environment"}','7e3f2fabed81a9bc01d92ee53b870c86e7ac8249033cf5a860424eaacca17f9d');
INSERT INTO "timeline" VALUES(1,14,1794820620000000,'resolved','ana','{"resolution":"Rolled back","root_cause":"A deployment without its environment"}','fe8a9357f6ace49762c0a63b80923ac15ae1c570807868a03b062e05349597b5');
INSERT INTO "timeline" VALUES(1,15,1794820620000000,'review_scheduled','tocsin','{"at":"2026-11-18T09:00:00Z"}','d3c5954916c022defa238703db388090bf18035c1297212f279262dbfbbb4adb');
INSERT INTO "timeline" VALUES(2,1,1794823020000000,'declared','source:generic','{"alerts":["led"],"check":"led","duties":[{"at":"2026-11-16T09:57:00Z","deadline":"2026-11-16T10:12:00Z","done_by":["acknowledged"],"id":"acknowledge","owner":"on_call","span":"PT15M","title":"Acknowledge"},{"at":"2026-11-16T10:12:00Z","deadline":"2026-11-16T10:42:00Z","done_by":["update_posted"],"every":"PT30M","id":"update","owner":"commander","span":"PT30M","title":"Update"}],"protocol":"critical","rule":"rule 1 (severity: critical) -> P0","service":"db","severity":"P0","title":"led is down","urgency":"high","walk":{"gap":"PT5M","policy":"default","repeat":2,"started_at":"2026-11-16T09:57:00Z","steps":[{"after":"PT0S","targets":["schedule:primary"]},{"after":"PT5M","targets":["bo"]},{"after":"PT10M","targets":["everyone"]}],"taken":0}}','df119fdbf5274870fffbd7f7e72b4d9ee899f58c63ade0ea3c24b320f59a558b');
INSERT INTO "timeline" VALUES(2,2,1794823020000000,'paged','tocsin','{"page":"01a1e3c9-dde0-7c80-9f73-1abbb9247224","person":"ana","reason":"P0 pages everyone","urgency":"high"}','ca8cab4f3147f2d2b890a994083cbd2e22703fbb4fda477e71541182ae56fc26');
INSERT INTO "timeline" VALUES(2,3,1794823020000000,'paged','tocsin','{"page":"01a1e3c9-dde0-7628-af90-b1a5393eff65","person":"bo","reason":"P0 pages everyone","urgency":"high"}','a3d144eac8aa9946585cbc6733eb243bdc59e4eab6fb917a8a48dbef17079e8a');
INSERT INTO "timeline" VALUES(2,4,1794823020000000,'page_moot','tocsin','{"person":"bo","reason":"step 1 of default, round 1: schedule:primary","taken":1,"why":"already paged at this instant"}','cb385c44ff297eb82a23c3997aa6c68886cba67cb1ade326ecdc282d6f871d2e');
INSERT INTO "timeline" VALUES(2,5,1794823140000000,'acknowledged','bo','{}','b57892bf8ad1c2405c7b503d8df87285daa5825d889fbb1dd12b5ad8aed18573');
INSERT INTO "timeline" VALUES(2,6,1794823140000000,'duty_done','bo','{"duty":"acknowledge","evidence":{"actor":"bo","at":"2026-11-16T09:59:00Z","kind":"acknowledged"}}','4f316f70ba2e40a48b809b0d97882998478830457b01b3ad4a6cb6a779ff7211');
INSERT INTO "timeline" VALUES(2,7,1794823140000000,'commander_assigned','bo','{"person":"bo"}','19a93ec47ddaee07387a6814da9ec080dd2870869d5e31fe36230b0783f790f1');
INSERT INTO "timeline" VALUES(2,8,1794823140000000,'role_assigned','bo','{"person":"ana","role":"communications"}','aabce2853f7372dc458e773ea5c13b6ee06a615ca1c3ac07b3b78b103f2bdec7');
INSERT INTO "timeline" VALUES(3,1,1794823140000000,'declared','source:generic','{"alerts":["quiet"],"check":"quiet","duties":[{"at":"2026-11-16T09:59:00Z","deadline":"2026-11-16T10:14:00Z","done_by":["acknowledged"],"id":"acknowledge","owner":"on_call","span":"PT15M","title":"Acknowledge"},{"at":"2026-11-16T10:14:00Z","deadline":"2026-11-16T10:44:00Z","done_by":["update_posted"],"every":"PT30M","id":"update","owner":"commander","span":"PT30M","title":"Update"}],"protocol":"critical","rule":"rule 2 (severity: warning) -> P2","service":"db","severity":"P2","title":"quiet is down","urgency":"low","walk":{"gap":"PT5M","policy":"default","repeat":2,"started_at":"2026-11-16T09:59:00Z","steps":[{"after":"PT0S","targets":["schedule:primary"]},{"after":"PT5M","targets":["bo"]},{"after":"PT10M","targets":["everyone"]}],"taken":0}}','c89e5990ad41708b1d5d3ca8ab4df30e0a5149677f27daf5014023356c334ec6');
INSERT INTO "timeline" VALUES(3,2,1794823140000000,'paged','tocsin','{"page":"01a1e3cb-b2a0-7b29-b7ff-cf8b9b5d2120","person":"bo","reason":"P2 pages on_call","urgency":"low"}','3789b6ccddf92648882e000859a535fb20fb82f78d6ef4196b1ac9caba9c68a5');
INSERT INTO "timeline" VALUES(3,3,1794823140000000,'page_moot','tocsin','{"person":"bo","reason":"step 1 of default, round 1: schedule:primary","taken":1,"why":"already paged at this instant"}','da524d729718e1881c9c1bd1b5ea8fa9fead4ea8f82d9e38e5eee6660861101e');
INSERT INTO "timeline" VALUES(3,4,1794823440000000,'paged','tocsin','{"page":"01a1e3d0-4680-7ebb-b592-1ff98fca7de7","person":"bo","reason":"step 2 of default, round 1: bo","taken":2,"urgency":"low"}','70c809528ae21312a3067af831fa5c9f4170a76303a2649ffb8e1d40b86bc28d');
INSERT INTO "timeline" VALUES(3,5,1794823740000000,'paged','tocsin','{"page":"01a1e3d4-da60-779c-96cf-6b6f283420f0","person":"ana","reason":"step 3 of default, round 1: everyone","taken":3,"urgency":"low"}','6513225bb28eaf0c59f40ac203da998256c2405c403faf152c79347657122258');
INSERT INTO "timeline" VALUES(3,6,1794823740000000,'paged','tocsin','{"page":"01a1e3d4-da60-798c-b712-77f75ae40837","person":"bo","reason":"step 3 of default, round 1: everyone","taken":3,"urgency":"low"}','d811452241dc6e84ee86afa6e1d731fe993e999499924ca847da0ae277ef8ecd');
INSERT INTO "timeline" VALUES(3,7,1794824040000000,'paged','tocsin','{"page":"01a1e3d9-6e40-749f-bc06-bf10d95f4458","person":"bo","reason":"step 1 of default, round 2: schedule:primary","taken":4,"urgency":"low"}','e59a7e0c9f6f23dd287d18d659f1dab1e5809f230ff54b99169028e57a3ac0df');
INSERT INTO "timeline" VALUES(3,8,1794824040000000,'duty_missed','tocsin','{"deadline":"2026-11-16T10:14:00Z","duty":"acknowledge","owner":"on_call","people":["bo"],"title":"Acknowledge"}','b552972ff7943d4643d3e15629c97515eaac13907186a52ed8df03df223ad92e');
INSERT INTO "timeline" VALUES(3,9,1794824040000000,'handed_on','tocsin','{"duty":"acknowledge","people":["ana","bo"],"to":"everyone"}','7e74e9160c6d3eeebbb00b57d15bac7fd7a1a0e8f0bd764a236bdcefda582291');
INSERT INTO "timeline" VALUES(3,10,1794824340000000,'paged','tocsin','{"page":"01a1e3de-0220-76c0-b45e-86b23e451755","person":"bo","reason":"step 2 of default, round 2: bo","taken":5,"urgency":"low"}','3a2b0872e02d16da0140a0fd5363721c7168301bd853b245d347aedb0cec3754');
INSERT INTO "timeline" VALUES(3,11,1794824640000000,'paged','tocsin','{"page":"01a1e3e2-9600-707d-9e66-df22a0857cc2","person":"ana","reason":"step 3 of default, round 2: everyone","taken":6,"urgency":"low"}','02ff57be71e7fa9b452f0ec39f99c4214db197635e05d95f1c53fded9a54265f');
INSERT INTO "timeline" VALUES(3,12,1794824640000000,'paged','tocsin','{"page":"01a1e3e2-9600-78d4-adf7-a82692e53656","person":"bo","reason":"step 3 of default, round 2: everyone","taken":6,"urgency":"low"}','2accff98bb7b4b79a19a62123b118b101564009909185624e90357493d2335bc');
INSERT INTO "timeline" VALUES(3,13,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-7846-8f10-5acebb047092","person":"ana","reason":"step 3 of default, round 3: everyone","taken":7,"urgency":"low"}','73abd8f36d1253f904286eb0e6a1bc657d3a85aa5d83edc90d8da790f123de33');
INSERT INTO "timeline" VALUES(3,14,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-767c-876c-ffc791f9e4b7","person":"bo","reason":"step 3 of default, round 3: everyone","taken":7,"urgency":"low"}','c723384741e21600716b13b81a472e93eaaa2637cb9333e8a6477ea643ba37b6');
INSERT INTO "timeline" VALUES(3,15,1794825240000000,'paged','tocsin','{"page":"01a1e3eb-bdc0-71ea-8293-18e131518f6e","person":"ana","reason":"step 3 of default, round 3: everyone","taken":8,"urgency":"low"}','bb2850b3fb94f6b55076e7b14e5f6049d1626a0ee2aaf46b83c88594abd41b33');
INSERT INTO "timeline" VALUES(3,16,1794825240000000,'paged','tocsin','{"page":"01a1e3eb-bdc0-7085-80ff-edc239ada6c1","person":"bo","reason":"step 3 of default, round 3: everyone","taken":8,"urgency":"low"}','fe98272f7432196d9a9029b5fcd8591c07c6ccf2c9be80d68296c492faea24c0');
INSERT INTO "timeline" VALUES(4,1,1794824940000000,'declared','source:generic','{"alerts":["waits-too"],"check":"waits-too","duties":[{"at":"2026-11-16T10:29:00Z","deadline":"2026-11-16T10:44:00Z","done_by":["acknowledged"],"id":"acknowledge","owner":"on_call","span":"PT15M","title":"Acknowledge"},{"at":"2026-11-16T10:44:00Z","deadline":"2026-11-16T11:14:00Z","done_by":["update_posted"],"every":"PT30M","id":"update","owner":"commander","span":"PT30M","title":"Update"}],"protocol":"critical","rule":"rule 1 (severity: critical) -> P0","service":"api","severity":"P0","title":"waits-too is down","urgency":"high","walk":{"gap":"PT5M","policy":"default","repeat":2,"started_at":"2026-11-16T10:29:00Z","steps":[{"after":"PT0S","targets":["schedule:primary"]},{"after":"PT5M","targets":["bo"]},{"after":"PT10M","targets":["everyone"]}],"taken":0}}','6a5cbd289ccb39f4391618c7de0a4da738bf838456ac001fdcf5ed35b4bc6a49');
INSERT INTO "timeline" VALUES(4,2,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-78fb-8ba2-05ca4943d35e","person":"ana","reason":"P0 pages everyone","urgency":"high"}','a58e6c98baf4ffa91210b785c49a96048b45797ebeb82cf81385234ef44a71bc');
INSERT INTO "timeline" VALUES(4,3,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-7ae8-a446-b317858757e6","person":"bo","reason":"P0 pages everyone","urgency":"high"}','87a95eb538b9b1a78aaaaa163069c39decfe41ace97e287ce7c10f899ace0dc8');
INSERT INTO "timeline" VALUES(4,4,1794824940000000,'page_moot','tocsin','{"person":"bo","reason":"step 1 of default, round 1: schedule:primary","taken":1,"why":"already paged at this instant"}','2e48ff11eeabfef457fbc42fc2ba9893c13e9d996d2fcf03e90b33d2a2662071');
INSERT INTO "timeline" VALUES(4,5,1794825240000000,'paged','tocsin','{"page":"01a1e3eb-bdc0-7b8a-a846-680b271e163c","person":"bo","reason":"step 2 of default, round 1: bo","taken":2,"urgency":"high"}','02860b4dbca0ab86fcee477ff4afaf85ddcbdb3ea542a4be856f8acbb34c2497');
INSERT INTO "timeline" VALUES(5,1,1794824940000000,'declared','source:generic','{"alerts":["waits"],"check":"waits","duties":[{"at":"2026-11-16T10:29:00Z","deadline":"2026-11-16T10:44:00Z","done_by":["acknowledged"],"id":"acknowledge","owner":"on_call","span":"PT15M","title":"Acknowledge"},{"at":"2026-11-16T10:44:00Z","deadline":"2026-11-16T11:14:00Z","done_by":["update_posted"],"every":"PT30M","id":"update","owner":"commander","span":"PT30M","title":"Update"}],"protocol":"critical","rule":"rule 1 (severity: critical) -> P0","service":"api","severity":"P0","title":"waits is down","urgency":"high","walk":{"gap":"PT5M","policy":"default","repeat":2,"started_at":"2026-11-16T10:29:00Z","steps":[{"after":"PT0S","targets":["schedule:primary"]},{"after":"PT5M","targets":["bo"]},{"after":"PT10M","targets":["everyone"]}],"taken":0}}','71c93b1e1ece1d1465303858f59eaaf57abbc3b197b87a715e58d8e5a0e0e57c');
INSERT INTO "timeline" VALUES(5,2,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-7f79-8376-519bb945bde2","person":"ana","reason":"P0 pages everyone","urgency":"high"}','d5fd994431a44512c304b9e3d4274a96b8c1c0010a92ab5c42b43f6392eed07b');
INSERT INTO "timeline" VALUES(5,3,1794824940000000,'paged','tocsin','{"page":"01a1e3e7-29e0-7b33-8ab3-d5d9b3e6c15c","person":"bo","reason":"P0 pages everyone","urgency":"high"}','2c67019ae9786abb4179723bd567af11ba225d6b64ed747129d8a84d672e93a2');
INSERT INTO "timeline" VALUES(5,4,1794824940000000,'page_moot','tocsin','{"person":"bo","reason":"step 1 of default, round 1: schedule:primary","taken":1,"why":"already paged at this instant"}','5f997e702d1e9863e88e18ad2cf2eb7dc32ff46a9ffdb00669cae7aa2797e610');
INSERT INTO "timeline" VALUES(5,5,1794825240000000,'paged','tocsin','{"page":"01a1e3eb-bdc0-75b2-8438-30b7e324396f","person":"bo","reason":"step 2 of default, round 1: bo","taken":2,"urgency":"high"}','ea7f3f9ee1b2d34f6408d34d6f34be5f12d0c5be1dd1d969eb0af6923c82c2eb');
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
COMMIT;
