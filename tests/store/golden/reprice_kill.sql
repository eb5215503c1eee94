-- give up new costs
-- {'mutation_id': 'mutation_1.txt'}
KILL MUTATION WHERE database = currentDatabase() AND table = 'spans' AND mutation_id = {mutation_id:String}
