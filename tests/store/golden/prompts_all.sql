-- prompts
-- {'project': 'p', 'prompt': 'n'}
SELECT project, name, prompt_version, template, labels, comment,
toUnixTimestamp64Milli(created_at) * 1000000 AS created_at_ns
FROM prompts FINAL WHERE project = {project:String} AND name = {prompt:String}
ORDER BY name, created_at DESC, prompt_version DESC
